import type { CrowdReport, PlainTally, Refused } from './crowd-wire.ts'
import { Histogram } from './histogram.ts'
import { type Judgement, judge } from './judge.ts'
import { type Plan, type Transport, transports } from './plan.ts'
import type { Publisher } from './publisher.ts'
import type { Usage } from './server-process.ts'

/** Milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Bytes for each message that a subscriber got, by what its socket counted. */
export interface BytesPerMessage {
  readonly received: number
  /** Of those: the data as it was published, what the protocol puts around it, and what the wire's framing took. */
  readonly payload: number
  readonly envelope: number
  readonly framing: number
  /** What the client had to say for it. */
  readonly sent: number
}

export interface TransportResult {
  readonly clients: number
  readonly connectMs: Spread | null
  readonly deliveryMs: Spread | null
  readonly bytesPerMessage: BytesPerMessage | null
}

/** What the bench prints, and with --json as it is. */
export interface Result {
  readonly type: 'bench'
  readonly ok: boolean
  readonly interrupted: boolean
  readonly url: string
  readonly seed: number
  readonly clients: {
    readonly asked: number
    readonly connected: number
    /** Not served at the end. */
    readonly away: number
  }
  readonly messages: Judgement & {
    readonly asked: number
    readonly published: number
    readonly acknowledged: number
    readonly refused: number
    readonly unknown: number
    readonly acknowledgedMs: Spread | null
  }
  readonly transports: Readonly<Partial<Record<Transport, TransportResult>>>
  readonly reconnects: {
    readonly cut: number
    readonly ended: number
    readonly recoveredMs: Spread | null
    readonly recovered: number
    readonly caughtUp: number
  }
  readonly server: {
    readonly name: string
    readonly memoryBytes: { readonly before: number; readonly most: number }
    readonly cpuSeconds: number
    readonly cpuShare: number
  } | null
  readonly bench: {
    readonly threads: number
    /** Of its busiest thread's time. */
    readonly busy: number
    readonly delayP99Ms: number
    /** Of the time of all processors here, whoever used it. */
    readonly machineBusy: number
  }
  readonly warnings: readonly string[]
}

/** What a run has to go by. */
export interface Measured {
  readonly plan: Plan
  readonly publisher: Publisher
  readonly reports: readonly CrowdReport[]
  readonly refused: readonly Refused[]
  readonly interrupted: boolean
  /** From the first publish to the last delivery. */
  readonly seconds: number
  readonly server: { readonly name: string; readonly usages: readonly Usage[] } | undefined
  /** Of the thread that publishes. */
  readonly busy: number
  readonly delayP99Ms: number
  readonly machineBusy: number
}

/** Above these, the bench may have measured itself. */
const most = { busy: 0.8, delayP99Ms: 25, machineBusy: 0.95, reasons: 5 } as const

export function resultOf(measured: Measured): Result {
  const { plan, publisher, reports, refused, interrupted } = measured
  const judged = judge(publisher, plan.channels.length, reports)
  const subscribers = reports.flatMap((report) => report.subscribers)
  const tallies = transports.flatMap((name) => reports.map(({ tallies: by }) => by[name]))
  const messages = {
    asked: plan.rate * plan.seconds,
    published: publisher.published,
    acknowledged: publisher.acknowledged,
    refused: publisher.refused,
    unknown: publisher.unknown,
    acknowledgedMs: spread(publisher.answered),
    ...judged,
  }
  const clients = {
    asked: transports.reduce((sum, name) => sum + plan.clients[name], 0),
    connected: subscribers.length,
    away: subscribers.filter(({ live }) => !live).length,
  }
  const faultless = judged.lost === 0 && judged.doubled === 0 && judged.disordered === 0
  const whole = clients.connected === clients.asked && clients.away === 0 && publisher.acknowledged > 0
  const recovery = merged(tallies, 'recovery')
  const bench = {
    threads: reports.length + 1,
    busy: Math.max(measured.busy, ...reports.map(({ busy }) => busy)),
    delayP99Ms: Math.max(measured.delayP99Ms, ...reports.map(({ delayP99Ms }) => delayP99Ms)),
    machineBusy: measured.machineBusy,
  }
  return {
    type: 'bench',
    ok: faultless && whole,
    interrupted,
    url: plan.base,
    seed: plan.seed,
    clients,
    messages,
    transports: Object.fromEntries(
      transports
        .filter((name) => plan.clients[name] > 0)
        .map((name) => [
          name,
          transportOf(
            plan,
            name,
            reports.map(({ tallies: by }) => by[name]),
          ),
        ]),
    ),
    reconnects: {
      cut: sum(tallies, ({ cut }) => cut),
      ended: sum(tallies, ({ ended }) => ended),
      recoveredMs: spread(recovery),
      recovered: recovery.count,
      caughtUp: sum(tallies, ({ caughtUp }) => caughtUp),
    },
    server: serverOf(measured),
    bench,
    warnings: [...refusals(refused, subscribers), ...slowness({ ...messages, interrupted }, bench)],
  }
}

function transportOf(plan: Plan, name: Transport, tallies: readonly PlainTally[]): TransportResult {
  const metered = sum(tallies, (tally) => tally.metered)
  const bytes = (of: (bytes: PlainTally['bytes']) => number) =>
    sum(tallies, (tally) => of(tally.bytes)) / metered
  const received = bytes((all) => all.received)
  const text = bytes((all) => all.text)
  const connect = merged(tallies, 'connect')
  return {
    clients: connect.count,
    connectMs: spread(connect),
    deliveryMs: spread(merged(tallies, 'delivery')),
    bytesPerMessage:
      metered === 0
        ? null
        : {
            received,
            payload: plan.size,
            envelope: text - plan.size,
            framing: received - text,
            sent: bytes((all) => all.sent),
          },
  }
}

function serverOf({ server, seconds }: Measured): Result['server'] {
  const [first] = server?.usages ?? []
  const last = server?.usages.at(-1)
  if (!server || !first || !last) return null
  const cpuSeconds = last.cpuSeconds - first.cpuSeconds
  return {
    name: server.name,
    memoryBytes: {
      before: first.memoryBytes,
      most: Math.max(...server.usages.map(({ memoryBytes }) => memoryBytes)),
    },
    cpuSeconds,
    cpuShare: cpuSeconds / seconds,
  }
}

/** Who was sent away, and why; each reason once. */
function refusals(
  refused: readonly Refused[],
  subscribers: readonly { readonly refused: Refused | undefined }[],
): string[] {
  const later = subscribers.flatMap((subscriber) => subscriber.refused ?? [])
  const told = (all: readonly Refused[], what: string) => {
    const reasons = new Map<string, number>()
    for (const { transport, code, message } of all) {
      const reason = `${transport}: ${message}${code === undefined ? '' : ` (${code})`}`
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    return [...reasons]
      .slice(0, most.reasons)
      .map(([reason, count]) => `${count} ${count === 1 ? 'client' : 'clients'} ${what}, over ${reason}`)
  }
  return [...told(refused, 'not served'), ...told(later, 'sent away')]
}

function slowness(
  messages: { readonly asked: number; readonly published: number; readonly interrupted: boolean },
  bench: Result['bench'],
): string[] {
  const warnings: string[] = []
  if (messages.published < messages.asked && !messages.interrupted)
    warnings.push(
      `Only ${messages.published} of ${messages.asked} publishes could be sent in time: the answers to those before them came too slowly.`,
    )
  const signs = [
    ...(bench.busy > most.busy
      ? [`a thread of it was busy ${Math.round(bench.busy * 100)} % of the time`]
      : []),
    ...(bench.delayP99Ms > most.delayP99Ms
      ? [`its timers were late by ${Math.round(bench.delayP99Ms)} ms (p99)`]
      : []),
    ...(bench.machineBusy > most.machineBusy
      ? [`this machine's processors were ${Math.round(bench.machineBusy * 100)} % busy`]
      : []),
  ]
  if (signs.length > 0)
    warnings.push(
      `The times are not the server's alone, for this bench was short of time: ${signs.join(', ')}. Use fewer --clients, a lower --rate, or another machine.`,
    )
  return warnings
}

function merged(tallies: readonly PlainTally[], which: 'connect' | 'delivery' | 'recovery'): Histogram {
  return tallies.reduce((all, tally) => all.merge(tally[which]), new Histogram())
}

function sum(tallies: readonly PlainTally[], of: (tally: PlainTally) => number): number {
  return tallies.reduce((all, tally) => all + of(tally), 0)
}

function spread(histogram: Histogram): Spread | null {
  const [p50, p99, max] = [histogram.at(0.5), histogram.at(0.99), histogram.max]
  if (p50 === undefined || p99 === undefined || max === undefined) return null
  return { p50: p50 / 1e3, p99: p99 / 1e3, max: max / 1e3 }
}
