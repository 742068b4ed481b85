// A thread of subscribers.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { Ending } from '../../client/transports/transport.ts'
import type { CrowdData, CrowdNews, CrowdOrder, PlainTally, Refused } from './crowd-wire.ts'
import { Histogram } from './histogram.ts'
import { clientsOf, type Transport, transports } from './plan.ts'
import { poll } from './poll.ts'
import { seeded } from './random.ts'
import { sse } from './sse.ts'
import { Subscriber, type Tally } from './subscriber.ts'
import { websocket } from './websocket.ts'

/** Connections that are being opened at once. */
const dialling = 32
/** How often connections are cut, and progress is told. */
const tickMs = 100

const { plan, index, threads }: CrowdData = workerData
const random = seeded(plan.seed + index)
const dials = { websocket, sse, poll }
const tallies = {
  websocket: newTally(),
  sse: newTally(),
  poll: newTally(),
} satisfies Record<Transport, Tally>
const headers = plan.token === undefined ? {} : { authorization: `Bearer ${plan.token}` }

interface Client {
  readonly transport: Transport
  readonly channel: number
  readonly subscriber: Subscriber
}

const clients: readonly Client[] = clientsOf(plan).flatMap((transport, i) => {
  if (i % threads !== index) return []
  const channel = i % plan.channels.length
  const target = { base: plan.base, headers, channel: plan.channels[channel] ?? '' }
  const subscriber = new Subscriber({
    dial: dials[transport],
    target,
    run: plan.run,
    channels: plan.channels.length,
    tally: tallies[transport],
    random,
  })
  return [{ transport, channel, subscriber }]
})
let served: readonly Client[] = []

const delay = monitorEventLoopDelay({ resolution: 10 })
let idle = performance.eventLoopUtilization()
let cutting = false
let tickedAt = performance.now()

parentPort?.on('message', (order: CrowdOrder) => {
  if (order.type === 'begin') begin()
  else if (order.type === 'calm') cutting = false
  else report(order.published)
})
await connect()
setInterval(tick, tickMs)

function tell(news: CrowdNews): void {
  parentPort?.postMessage(news)
}

async function connect(): Promise<void> {
  const waiting = [...clients]
  const refused: Refused[] = []
  const lane = async () => {
    for (let client = waiting.shift(); client; client = waiting.shift()) {
      const ending = await client.subscriber.connect()
      if (ending) refused.push(refusedOf(client.transport, ending))
    }
  }
  await Promise.all(Array.from({ length: dialling }, lane))
  served = clients.filter(({ subscriber }) => !subscriber.refused)
  tell({ type: 'connected', refused })
}

function begin(): void {
  for (const { subscriber } of served) subscriber.begin()
  cutting = plan.drop > 0
  tickedAt = performance.now()
  idle = performance.eventLoopUtilization()
  delay.enable()
}

function tick(): void {
  // So that in a second the share is cut that was asked for, however late this comes.
  const now = performance.now()
  const share = 1 - (1 - plan.drop) ** ((now - tickedAt) / 1_000)
  tickedAt = now
  let [live, received] = [0, 0]
  for (const { subscriber } of served) {
    if (cutting && random() < share) subscriber.cut()
    if (subscriber.live) live++
    received += subscriber.receipts.count
  }
  const cut = transports.reduce((sum, name) => sum + tallies[name].cut, 0)
  tell({ type: 'progress', live, received, cut })
}

function report(published: readonly number[]): void {
  const { utilization } = performance.eventLoopUtilization(idle)
  tell({
    type: 'report',
    tallies: { websocket: plain('websocket'), sse: plain('sse'), poll: plain('poll') },
    subscribers: served.map(({ transport, channel, subscriber }) => ({
      channel,
      received: subscriber.receipts.count,
      doubled: subscriber.doubled,
      disordered: subscriber.disordered,
      missing: subscriber.receipts.missing(published[channel] ?? 0),
      gaps: subscriber.gaps,
      live: subscriber.live,
      refused: subscriber.refused && refusedOf(transport, subscriber.refused),
    })),
    busy: utilization,
    delayP99Ms: delay.percentile(99) / 1e6,
  })
}

function plain(transport: Transport): PlainTally {
  const { connect: connects, delivery, recovery, cut, ended, caughtUp } = tallies[transport]
  const bytes = { received: 0, sent: 0, text: 0 }
  let metered = 0
  for (const { transport: its, subscriber } of served) {
    if (its !== transport) continue
    const { received, sent, text } = subscriber.traffic
    bytes.received += received
    bytes.sent += sent
    bytes.text += text
    metered += subscriber.metered
  }
  return {
    connect: connects.plain(),
    delivery: delivery.plain(),
    recovery: recovery.plain(),
    cut,
    ended,
    caughtUp,
    bytes,
    metered,
  }
}

function newTally(): Tally {
  return {
    connect: new Histogram(),
    delivery: new Histogram(),
    recovery: new Histogram(),
    cut: 0,
    ended: 0,
    caughtUp: 0,
  }
}

function refusedOf(transport: Transport, { code, message }: Ending): Refused {
  return { transport, code, message }
}
