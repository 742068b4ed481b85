import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Configuration } from './configurations.ts'
import { idleMs } from './launch.ts'
import { openOrigin, type Origin } from './origin.ts'
import { startProxy, type Proxy } from './proxy.ts'
import { Publisher } from './publisher.ts'
import { openQuiet } from './quiet.ts'
import { kinds, openReader, type Kind, type Reader } from './readers.ts'

/** What became of one client behind one proxy. Times are milliseconds. */
export interface Measured {
  readonly client: Kind
  /** Until the server had spoken; or why it had not. */
  first: number | string
  /** What the SDK took, and why, before anything was broken. */
  took: string
  /** Of the events of a burst, from publishing to the client. */
  p50?: number
  p99?: number
  /** Connections lost while nothing was published for longer than the proxy's time-out. */
  lostWhileIdle?: number
  /** Whether a WebSocket or an answer without heartbeats is cut in the same time. */
  cutWhenQuiet?: boolean
  /** What of all that was published, drops included, did not come once and in order; empty when everything did. */
  wrong?: string
  /** From its going until the server knew. */
  leftAfter?: number | string
}

export interface Plan {
  readonly events?: number
  /** Between two events. */
  readonly paceMs?: number
  /** What else is done behind the proxy while the clients are idle. */
  readonly beside?: (url: string) => Promise<unknown>
}

/** Longer than anything takes that works. */
const patienceMs = 10_000
const heldBack = 'held back'

let last: Promise<unknown> = Promise.resolve()

/** Of those that run side by side, one starts at a time: what the SDK makes of a slow start is not what is asked. */
function inTurn<T>(start: () => Promise<T>): Promise<T> {
  const mine = last.then(start)
  last = mine.catch(() => {})
  return mine
}

/** Puts clients behind a proxy and goes through a life with them. */
export async function measure(configuration: Configuration, plan: Plan = {}): Promise<Measured[]> {
  const origin = await openOrigin({
    // As in production: pages of other hosts are strangers.
    dev: false,
    channels: { '*': { subscribe: true } },
    heartbeatMs: idleMs / 3,
  })
  let proxy: Proxy | undefined
  const life: { readonly reader: Reader; readonly row: Measured }[] = []
  try {
    const base = await inTurn(async () => {
      proxy = await startProxy({ ...configuration, origin: origin.port, token: origin.token })
      const url = `http://127.0.0.1:${proxy.port}/wire`
      for (const client of kinds)
        life.push({ reader: openReader(client, url, client), row: { client, first: heldBack, took: '' } })
      await Promise.race([Promise.all(life.map(({ reader }) => firstOf(reader))), wait(1_000)])
      return url
    })
    await Promise.all(life.map(async ({ reader, row }) => (row.first = await firstOf(reader))))
    for (const { reader, row } of life) row.took = reader.story.join('; ')
    const working = life.filter(({ row }) => typeof row.first === 'number')
    for (const { reader } of life) if (!working.some((each) => each.reader === reader)) reader.close()
    if (proxy) await live(working, origin, proxy, plan)
    const held = life.filter(({ row }) => row.first === heldBack)
    await Promise.all(held.map(async ({ row }) => (row.first = await untilEnd(row.client, base, origin))))
    return life.map(({ row }) => row)
  } finally {
    for (const { reader } of life) reader.close()
    await proxy?.stop()
    await origin.close()
  }
}

type Life = readonly { readonly reader: Reader; readonly row: Measured }[]

async function live(life: Life, origin: Origin, proxy: Proxy, plan: Plan): Promise<void> {
  const { events = 80, paceMs = 20, beside } = plan
  const publisher = new Publisher(
    origin,
    life.map(({ reader }) => reader),
  )
  await publisher.publish(events, paceMs)
  await publisher.arrived()
  for (const { reader, row } of life) {
    const sorted = reader.got.map(({ delayMs }) => delayMs).toSorted((a, b) => a - b)
    const at = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? NaN) * 10) / 10
    row.p50 = at(0.5)
    row.p99 = at(0.99)
  }
  const url = `http://127.0.0.1:${proxy.port}`
  await Promise.all([beIdle(life, url), beside?.(url)])
  for (const break_ of [async () => origin.cut(), proxy.restart]) {
    await publisher.publish(2)
    await break_()
    await publisher.publish(5)
    await publisher.arrived()
  }
  await publisher.publish(1)
  await publisher.arrived()
  for (const { reader, row } of life) row.wrong = publisher.wrongOf(reader)
  await leave(life, origin)
}

/** Lets a time-out go by, again when this process itself stood still for so long that its heartbeats came late. */
async function beIdle(life: Life, url: string): Promise<void> {
  for (let attempt = 0, stoodMs = Infinity; attempt < 3 && stoodMs > idleMs / 6; attempt++) {
    const quiet = await Promise.all(
      (['websocket', 'sse'] as const).map(async (kind) => [kind, await openQuiet(kind, url)] as const),
    )
    const before = life.map(({ reader }) => reader.lost)
    const lag = monitorEventLoopDelay()
    lag.enable()
    await wait(1.5 * idleMs)
    lag.disable()
    stoodMs = lag.max / 1e6
    for (const [i, { reader, row }] of life.entries()) row.lostWhileIdle = reader.lost - (before[i] ?? 0)
    for (const [kind, one] of quiet) {
      for (const { row } of life) if (row.client === kind && one) row.cutWhenQuiet = one.cut
      one?.close()
    }
  }
}

/** Milliseconds until the server had spoken, or why it had not. */
async function firstOf(
  reader: Reader,
  limitMs = reader.kind === 'sdk' ? patienceMs : patienceMs / 2,
): Promise<number | string> {
  const late = new AbortController()
  const limit = wait(limitMs, heldBack, { signal: late.signal }).catch(() => heldBack)
  try {
    const first = await Promise.race([reader.first, limit])
    return typeof first === 'number' ? Math.round(first) : first
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    late.abort()
  }
}

/** What is held back, and whether it comes with the end of the answer. */
async function untilEnd(client: Kind, base: string, { wire }: Origin): Promise<string> {
  const reader = openReader(client, base, 'held')
  try {
    await connections(wire, 1)
    await wire.publish('held', 'n', { n: 0, at: 0 })
    if ((await firstOf(reader, 1_000)) !== heldBack) return 'held back now and then'
    await wire.close()
    const came = typeof (await firstOf(reader)) === 'number' && reader.got.length === 1
    return came ? 'held back until the end' : heldBack
  } finally {
    reader.close()
  }
}

/** Whether the server has come to this number of connections. */
async function connections(wire: Origin['wire'], wanted: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while ((await wire.stats()).connections !== wanted) {
    if (performance.now() > deadline) return false
    await wait(2)
  }
  return true
}

/** Closes one after the other; polls first, since between two polls a client is not there. */
async function leave(life: Life, { wire }: Origin): Promise<void> {
  const order: readonly Kind[] = ['poll', 'sdk', 'sse', 'websocket']
  const going = life.toSorted((a, b) => order.indexOf(a.row.client) - order.indexOf(b.row.client))
  for (const [i, { reader, row }] of going.entries()) {
    // The server may still hold what was broken, or what the client before has left.
    const settled = await connections(wire, going.length - i)
    const begun = performance.now()
    reader.close()
    const noticed = settled && (await connections(wire, going.length - i - 1))
    row.leftAfter = noticed ? Math.round(performance.now() - begun) : 'not noticed'
  }
}
