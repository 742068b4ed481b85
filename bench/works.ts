// What is measured. A target is a promise of docs/performance.md: a ratio to another contestant of the same round, or an
// absolute figure.

/** The figures of one measurement that a work is judged by. */
export type Figure = 'cpuUs' | 'p50Us' | 'p99Us' | 'bytesPerConnection' | 'cpuUsPerConnect' | 'serverCores'

export interface Target {
  /** Transport of ours that this is asked of. */
  readonly transport: 'ws' | 'sse' | 'poll'
  readonly figure: Figure
  readonly atMost: number
  /** The contestant by whose figure ours is divided; absent: the figure itself is judged. */
  readonly of?: string
}

export interface Work {
  readonly name: string
  readonly title: string
  readonly connections: number
  /** Messages a second; 0: as fast as they are taken. */
  readonly rate: number
  /** Messages published in one turn of the event loop. */
  readonly burst: number
  readonly kind: 'fan-out' | 'idle' | 'churn'
  /** Seconds measured, and of quiet before (for memory). */
  readonly window: number
  readonly settle: number
  /** Figures of its table. */
  readonly figures: readonly Figure[]
  readonly targets: readonly Target[]
  /** At most this many rounds, for figures that vary little. */
  readonly rounds?: number
}

const below = (transport: 'ws' | 'sse', of: string, atMost: number, figure: Figure = 'cpuUs'): Target => ({
  transport,
  figure,
  of,
  atMost,
})
const upTo = (transport: 'ws' | 'sse' | 'poll', figure: Figure, atMost: number): Target => ({
  transport,
  figure,
  atMost,
})
const events = [
  below('sse', 'limit-sse', 1.3),
  below('sse', 'nchan-sse', 1),
  below('sse', 'better-sse', 0.45),
]
const sockets = [below('ws', 'limit-ws', 1.3), below('ws', 'ws-tuned', 1), below('ws', 'nchan-ws', 1)]
const fanOut = { kind: 'fan-out', burst: 1, settle: 0.1, figures: ['cpuUs', 'p50Us', 'p99Us'] } as const

export const works: readonly Work[] = [
  {
    ...fanOut,
    name: 'A',
    title: '1,000 subscribers, 100 messages/s',
    connections: 1_000,
    rate: 100,
    window: 1.5,
    targets: [
      ...sockets,
      ...events,
      below('ws', 'limit-ws', 1.3, 'p50Us'),
      below('ws', 'ws-tuned', 1, 'p99Us'),
    ],
  },
  {
    ...fanOut,
    name: 'B',
    title: '1,000 subscribers, saturated, 1 message a turn',
    connections: 1_000,
    rate: 0,
    window: 1,
    targets: events,
  },
  {
    ...fanOut,
    name: 'C',
    title: '10,000 subscribers, 10 messages/s',
    connections: 10_000,
    rate: 10,
    window: 1.5,
    targets: [...sockets, ...events],
  },
  {
    ...fanOut,
    name: 'b8',
    title: '1,000 subscribers, saturated, 8 messages a turn',
    connections: 1_000,
    rate: 0,
    burst: 8,
    window: 1,
    targets: [
      below('ws', 'limit-ws', 1.25),
      below('ws', 'bun-ws', 1.1),
      below('ws', 'nats-ws', 0.6),
      below('ws', 'ws-tuned', 0.13),
    ],
  },
  {
    name: 'idle',
    title: '10,000 connections that are told nothing',
    connections: 10_000,
    rate: 0,
    burst: 1,
    kind: 'idle',
    window: 0,
    settle: 2.5,
    figures: ['bytesPerConnection'],
    targets: [
      upTo('ws', 'bytesPerConnection', 6 * 1024),
      upTo('sse', 'bytesPerConnection', 11 * 1024),
      upTo('poll', 'bytesPerConnection', 11 * 1024),
    ],
    rounds: 3,
  },
  {
    name: 'connect',
    title: 'connect, subscribe, go; 100 at a time',
    connections: 100,
    rate: 0,
    burst: 1,
    kind: 'churn',
    window: 1.5,
    settle: 0,
    figures: ['cpuUsPerConnect'],
    targets: [upTo('ws', 'cpuUsPerConnect', 70), upTo('sse', 'cpuUsPerConnect', 80)],
    rounds: 3,
  },
]
