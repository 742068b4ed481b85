import type { PlainTally } from './crowd-wire.ts'
import { Histogram } from './histogram.ts'
import { judge } from './judge.ts'
import type { Measured, Result, Spread, TransportResult } from './measured.ts'
import { type Plan, type Transport, transports } from './plan.ts'
import { warningsOf } from './warnings.ts'

/** What a run has come to. */
export function resultOf(measured: Measured): Result {
  const { plan, publisher, reports, interrupted } = measured
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
    warnings: warningsOf(measured, bench),
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
