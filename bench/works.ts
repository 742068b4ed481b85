// What is measured, and what is asked of ours. The targets are ratios to another server of the same round where the
// machine's speed would decide otherwise.
import { behind, storeOfMillion } from './backlog.ts'

/** The figures that works are judged by. */
export type Figure =
  | 'cpuUs'
  | 'p50Us'
  | 'p99Us'
  | 'serverCores'
  | 'bytesPerDelivery'
  | 'bytesPerConnection'
  | 'cpuUsPerConnect'
  | 'connectsPerSecond'
  | 'lateSeconds'
  | 'loopMaxMs'
  | 'perSecond'
  | 'ackFsyncs'

export interface Target {
  /** Servers of ours that this is asked of. */
  readonly ours: readonly string[]
  readonly figure: Figure
  readonly atMost?: number
  readonly atLeast?: number
  /** The server by whose figure ours is divided; absent: the figure itself is judged. */
  readonly of?: string
  /** The work in which that server's figure stands; absent: the same. */
  readonly ofWork?: string
}

export interface Work {
  readonly name: string
  readonly title: string
  /** `late`: subscribers that are behind come at once. `script`: the server's program measures itself. */
  readonly kind: 'fan-out' | 'idle' | 'churn' | 'late' | 'script'
  readonly connections: number
  /** Messages a second; 0: as fast as they are taken. */
  readonly rate: number
  /** Messages published in one turn of the event loop. */
  readonly burst: number
  /** Bytes of a message. */
  readonly size: number
  /** More than 1: each message goes to the next of so many channels, and each subscriber has one of them. */
  readonly channels: number
  /** Seconds measured, and of quiet before (for memory). */
  readonly window: number
  readonly settle: number
  readonly figures: readonly Figure[]
  readonly targets: readonly Target[]
  /** Who takes part; absent: all that are not for one work only. */
  readonly takes?: readonly string[]
  /** Arguments of the generator. */
  readonly load?: readonly string[]
  /** Done once before the rounds. */
  readonly once?: () => Promise<void>
  /** Done with each server that has started; gives arguments of the generator. */
  readonly before?: (port: number, transport: string) => Promise<readonly string[]>
}

const ours = (transport: string) => [`own-${transport}`, `serve-${transport}`]

function atMost(transport: string, times: number, of: string, figure: Figure = 'cpuUs'): Target {
  return { ours: ours(transport), figure, atMost: times, of }
}

/** What works have in common. */
export const fanOut = {
  kind: 'fan-out',
  connections: 1_000,
  rate: 0,
  burst: 1,
  size: 128,
  channels: 1,
  window: 1,
  settle: 0.1,
  figures: ['cpuUs', 'p50Us', 'p99Us'],
} as const

const sockets = [atMost('ws', 1.3, 'limit-ws'), atMost('ws', 1, 'ws-tuned'), atMost('ws', 1, 'nchan-ws')]
const events = [
  atMost('sse', 1.3, 'limit-sse'),
  atMost('sse', 1, 'nchan-sse'),
  atMost('sse', 0.45, 'better-sse'),
]

function deflated(name: string, size: number): Work {
  return {
    ...fanOut,
    name,
    title: `1,000 subscribers, 10 messages/s of ${size.toLocaleString('en')} bytes, compressed`,
    rate: 10,
    size,
    window: 1.5,
    figures: ['cpuUs', 'bytesPerDelivery'],
    takes: ['own-ws', 'own-ws-deflate', 'ws-deflate', 'limit-ws'],
    targets: [
      { ours: ['own-ws-deflate'], figure: 'cpuUs', atMost: 1.3, of: 'own-ws' },
      { ours: ['own-ws-deflate'], figure: 'cpuUs', atMost: 0.25, of: 'ws-deflate' },
    ],
  }
}

export const works: readonly Work[] = [
  {
    ...fanOut,
    name: 'A',
    title: '1,000 subscribers, 100 messages/s',
    figures: ['cpuUs', 'p50Us', 'p99Us', 'bytesPerDelivery'],
    rate: 100,
    window: 1.5,
    targets: [
      ...sockets,
      ...events,
      atMost('ws', 1.3, 'limit-ws', 'p50Us'),
      atMost('ws', 1, 'ws-tuned', 'p99Us'),
    ],
  },
  { ...fanOut, name: 'B', title: '1,000 subscribers, saturated, 1 message a turn', targets: events },
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
    burst: 8,
    targets: [
      atMost('ws', 1.25, 'limit-ws'),
      atMost('ws', 1.1, 'bun-ws'),
      atMost('ws', 0.6, 'nats-ws'),
      atMost('ws', 0.13, 'ws-tuned'),
    ],
  },
  {
    ...fanOut,
    name: 'idle',
    title: '10,000 connections that are told nothing',
    kind: 'idle',
    connections: 10_000,
    window: 0,
    settle: 2.5,
    figures: ['bytesPerConnection'],
    targets: [
      { ours: ours('ws'), figure: 'bytesPerConnection', atMost: 6 * 1024 },
      { ours: ours('sse'), figure: 'bytesPerConnection', atMost: 11 * 1024 },
      { ours: ours('poll'), figure: 'bytesPerConnection', atMost: 11 * 1024 },
    ],
  },
  {
    ...fanOut,
    name: 'connect',
    title: 'connect, subscribe, go; 100 at a time',
    kind: 'churn',
    connections: 100,
    window: 1.5,
    figures: ['cpuUsPerConnect', 'connectsPerSecond'],
    targets: [
      { ours: ours('ws'), figure: 'cpuUsPerConnect', atMost: 70 },
      { ours: ours('sse'), figure: 'cpuUsPerConnect', atMost: 80 },
    ],
  },
  {
    ...fanOut,
    name: 'M',
    title: '1,000,000 deliveries/s offered: 1,000 subscribers, 125 bursts of 8 messages a second',
    rate: 1_000,
    burst: 8,
    window: 1.5,
    figures: ['serverCores', 'p50Us', 'p99Us'],
    takes: [...ours('ws'), ...ours('sse'), 'limit-ws', 'node-ws', 'node-sse', 'bun-ws', 'nats-ws'],
    targets: [
      { ours: ours('ws'), figure: 'serverCores', atMost: 0.9 },
      atMost('ws', 0.4, 'nats-ws', 'p50Us'),
      atMost('ws', 0.5, 'nats-ws', 'p99Us'),
    ],
  },
  {
    ...fanOut,
    name: 'channels',
    title: '10,000 channels with 1 subscriber each, 10,000 messages/s',
    connections: 10_000,
    rate: 10_000,
    channels: 10_000,
    window: 2,
    takes: ['own-ws', 'limit-ws', 'node-ws'],
    targets: [{ ours: ['own-ws'], figure: 'cpuUs', atMost: 1.3, of: 'own-ws', ofWork: 'A' }],
  },
  {
    ...fanOut,
    name: 'storm',
    title: '10,000 WebSockets that are open subscribe at once, each 100 messages behind',
    kind: 'late',
    connections: 10_020,
    rate: 50,
    figures: ['cpuUs', 'p99Us', 'lateSeconds'],
    takes: ['serve-ws'],
    load: ['--late=10000', '--late-expect=100'],
    before: behind(100),
    targets: [
      { ours: ['serve-ws'], figure: 'cpuUs', atMost: 0.6 },
      { ours: ['serve-ws'], figure: 'p99Us', atMost: 250_000 },
    ],
  },
  {
    ...fanOut,
    name: 'return',
    title: '10,000 clients connect at once, each 100 messages behind',
    kind: 'late',
    connections: 10_020,
    rate: 50,
    figures: ['cpuUs', 'p99Us', 'lateSeconds'],
    takes: ['serve-ws', 'serve-sse'],
    load: ['--late=10000', '--late-expect=100', '--late-connect', '--at-once=10000'],
    before: behind(100),
    targets: [{ ours: ['serve-ws', 'serve-sse'], figure: 'p99Us', atMost: 250_000 }],
  },
  {
    ...fanOut,
    name: 'history',
    title: 'one reader catches up with 1,000,000 stored messages (SQLite)',
    kind: 'late',
    connections: 1,
    figures: ['lateSeconds', 'cpuUs', 'loopMaxMs'],
    takes: ['own-history', 'bare-history'],
    load: [
      '--late=1',
      '--late-expect=1000000',
      '--late-send={"type":"subscribe","channel":"m","after":"earliest"}',
    ],
    once: storeOfMillion,
    targets: [
      { ours: ['own-history'], figure: 'lateSeconds', atMost: 2, of: 'bare-history' },
      { ours: ['own-history'], figure: 'loopMaxMs', atMost: 20 },
    ],
  },
  {
    ...fanOut,
    name: 'durable',
    title: 'publishes that are fsynced before they are acknowledged (SQLite), 256 in flight',
    kind: 'script',
    figures: ['perSecond', 'ackFsyncs'],
    takes: ['own-durable', 'log-durable', 'same-durable', 'bare-durable'],
    targets: [
      { ours: ['own-durable'], figure: 'perSecond', atLeast: 0.7, of: 'bare-durable' },
      { ours: ['own-durable'], figure: 'ackFsyncs', atMost: 2 },
    ],
  },
  {
    ...fanOut,
    name: 'h2',
    title: '1,000 event streams, 100 to an HTTP/2 connection, saturated, 1 message a turn',
    takes: ['own-h2', 'own-sse', 'limit-sse'],
    targets: [{ ours: ['own-h2'], figure: 'cpuUs', atMost: 2 }],
  },
  {
    ...fanOut,
    name: 'poll',
    title: '1,000 subscribers, 10 messages/s: long-polling, which asks again for each',
    rate: 10,
    window: 1.5,
    takes: [...ours('poll'), 'own-sse', 'limit-sse'],
    targets: [],
  },
  deflated('deflate', 1_024),
  deflated('deflate-small', 128),
]
