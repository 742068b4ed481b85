import { ClientError } from '../../../src/client/errors.ts'
import type { PageEvent } from '../../../src/client/page.ts'
import type { TransportName } from '../../../src/client/transports/transport.ts'
import { Wire } from '../../../src/client/wire.ts'
import { randomFrom, VirtualClock } from './clock.ts'
import { Reader } from './judge.ts'
import { calm, Network, type Weather } from './network.ts'
import { epoch, SimServer } from './server.ts'

const channels = ['a', 'b', 'c', 'd'] as const
const stormMs = 90_000

export interface Tally {
  received: number
  published: number
  unknown: number
  opens: number
  gaps: number
}

/** Many stories; throws the first violation, with its seed. */
export async function checkClients(runs: number, firstSeed = 1): Promise<Tally> {
  const tally: Tally = { received: 0, published: 0, unknown: 0, opens: 0, gaps: 0 }
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    try {
      await story(seed, tally)
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  return tally
}

async function story(seed: number, tally: Tally): Promise<void> {
  const random = randomFrom(seed)
  const clock = new VirtualClock()
  const server = new SimServer()
  const faults: unknown[] = []
  // Where no single publish by POST is refused or lost for itself, their order must be kept.
  const orderly = random() < 0.5
  const forever = blockade(random, orderly ? { busy: 0, lost: 0 } : {})
  const net = new Network(clock, random, server, weatherOf(random, forever))
  let keys = 0
  let page: (event: PageEvent) => void = () => {}
  const wire = new Wire(
    ['http://sim/wire'],
    { token: () => String(net.token), outbox: { limit: 40 } },
    {
      transports: net.transports(),
      now: () => clock.now,
      random,
      later: (ms, run) => clock.later(ms, run),
      key: () => `key-${++keys}`,
      report: (error) => faults.push(error),
    },
    (tell) => {
      page = tell
      return () => {}
    },
  )

  const readers: { reader: Reader; left: boolean }[] = []
  const join = (name: string) => {
    const after = Math.floor(random() * (server.head + 1))
    const seat = { reader: new Reader(server, name, after), left: false }
    readers.push(seat)
    const channel = wire.channel(name, { after: `${after}-${epoch}` })
    // A listener of a channel that was left hears nothing more.
    channel.onMessage((message) =>
      seat.left ? faults.push(new Error('heard after leaving')) : seat.reader.message(message),
    )
    channel.on('gap', (gap) => seat.reader.gap(gap))
    return () => {
      seat.left = true
      channel.leave()
    }
  }
  const leave = new Map<string, () => void>()
  const outcomes = new Map<string, 'once' | 'unknown' | 'full'>()
  let sent = 0
  // Where nobody waits for an answer, only silence tells that a connection is dead.
  const quiet = random() < 0.2
  // Who wakes is connected at once: only those who never sleep are away for long.
  const sleeps = random() < 0.3
  const publish = () => {
    if (quiet) return
    const name = channels[Math.floor(random() * channels.length)] ?? 'a'
    const data = `${name}${String(++sent).padStart(6, '0')}`
    wire
      .channel(name)
      .publish('e', data)
      .then(
        () => outcomes.set(data, 'once'),
        (error: unknown) => {
          if (!(error instanceof ClientError)) faults.push(error)
          else if (error.code === 'outbox-full') outcomes.set(data, 'full')
          else if (error.code === 'unknown') outcomes.set(data, 'unknown')
          else faults.push(error)
        },
      )
  }
  const act = () => {
    const roll = random()
    if (roll < 0.35) for (let n = Math.floor(random() * 4); n >= 0; n--) publish()
    else if (roll < 0.7) {
      for (let n = Math.floor(random() * 4); n >= 0; n--)
        server.publish(clock.now, {
          channel: channels[Math.floor(random() * 4)] ?? 'a',
          data: `s${server.head}`,
        })
    } else if (roll < 0.78) {
      const name = channels[Math.floor(random() * channels.length)] ?? 'a'
      const stop = leave.get(name)
      if (stop) leave.delete(name)
      else leave.set(name, join(name))
      stop?.()
    } else if (sleeps && roll < 0.8) {
      page('asleep')
      clock.later(random() * 8_000, () => page('shown'))
    } else if (roll < 0.84) Object.assign(net.weather, weatherOf(random, forever))
    else if (roll < 0.86) server.trim(channels[Math.floor(random() * 4)] ?? 'a', 3)
    else if (roll < 0.9) page((['online', 'offline', 'shown'] as const)[Math.floor(random() * 3)] ?? 'shown')
    if (net.open.size > 2) faults.push(new Error(`${net.open.size} connections at once`))
    if (faults.length > 0) throw faults[0]
  }

  leave.set('a', join('a'))
  while (clock.now < stormMs) {
    await clock.runUntil(clock.now + random() * 1_500)
    act()
  }
  // It clears up, but for what this network never lets through.
  for (const name of ['websocket', 'sse', 'poll'] as const) net.weather[name] = { ...calm, ...forever[name] }
  if (random() < 0.5 || wire.state === 'offline') page('online')
  if (random() < 0.5) publish()
  await clock.runUntil(clock.now + 150_000)
  if (faults.length > 0) throw faults[0]

  if (wire.state !== 'live' && wire.state !== 'recovered') throw new Error(`at the end it is ${wire.state}`)
  // A better transport may be being tried just now.
  for (let s = 0; s < 60 && net.open.size === 2; s++) await clock.runUntil(clock.now + 1_000)
  if (net.open.size !== 1) throw new Error(`${net.open.size} connections at the end`)
  for (const { reader, left } of readers) if (!left) reader.finish()
  judgePublishes(server, sent, outcomes, orderly)
  const crowd = net.opens.findIndex((at, i) => (net.opens[i + 40] ?? Infinity) - at < 10_000)
  if (crowd >= 0) throw new Error(`more than 40 attempts within 10 s from ${net.opens[crowd]}`)
  wire.close()
  await clock.runUntil(clock.now + 60_000)
  if (net.open.size > 0) throw new Error('a connection outlives close()')

  tally.received += readers.reduce((sum, { reader }) => sum + reader.received, 0)
  tally.gaps += readers.reduce((sum, { reader }) => sum + reader.gaps, 0)
  tally.published += sent
  tally.unknown += [...outcomes.values()].filter((outcome) => outcome === 'unknown').length
  tally.opens += net.opens.length
}

/** Everything opens and is cut after 200 ms, for ten minutes: the attempts must thin out. */
export async function checkPace(): Promise<number> {
  const clock = new VirtualClock()
  const random = randomFrom(7)
  const cut: Weather = { ...calm, killed: 1 }
  const net = new Network(clock, random, new SimServer(), { websocket: cut, sse: cut, poll: cut })
  const env = { now: () => clock.now, random, key: () => 'k', report: () => {} }
  const later = (ms: number, run: () => void) => clock.later(ms, run)
  const wire = new Wire(
    ['http://sim/wire'],
    { token: '1' },
    { ...env, later, transports: net.transports() },
    () => () => {},
  )
  await clock.runUntil(600_000)
  wire.close()
  return net.opens.length
}

/** Every publish is settled; what is not unknown took effect once, in the order of the calls. */
function judgePublishes(
  server: SimServer,
  sent: number,
  outcomes: ReadonlyMap<string, string>,
  orderly: boolean,
): void {
  if (outcomes.size !== sent) throw new Error(`${sent - outcomes.size} of ${sent} publishes are not settled`)
  const effects = server.log.map(({ data }) => String(data)).filter((data) => !data.startsWith('s'))
  const seen = new Set<string>()
  for (const data of effects) {
    if (seen.has(data)) throw new Error(`${data} took effect twice`)
    seen.add(data)
  }
  const numbers = effects.map((data) => Number(data.slice(1)))
  const late = numbers.findIndex((number, i) => number < (numbers[i - 1] ?? 0))
  if (orderly && late >= 0) throw new Error(`${effects[late]} took effect after ${effects[late - 1]}`)
  for (const [data, outcome] of outcomes) {
    if (outcome === 'once' && !seen.has(data)) throw new Error(`${data} was acknowledged and took no effect`)
    if (outcome === 'full' && seen.has(data)) throw new Error(`${data} was refused here and took effect`)
  }
}

/** What this network never lets through. The last way is always open. */
function blockade(random: () => number, posting: Partial<Weather>): Record<TransportName, Partial<Weather>> {
  const kinds: Partial<Weather>[] = [{ refused: 1 }, { silent: 1 }, { headOnly: 1 }, { killed: 1 }]
  const one = () => (random() < 0.3 ? kinds[Math.floor(random() * kinds.length)] : {})
  return { websocket: { ...one() }, sse: { ...posting, ...one() }, poll: posting }
}

function weatherOf(
  random: () => number,
  forever: ReturnType<typeof blockade>,
): Record<TransportName, Weather> {
  const some = (most: number) => (random() < 0.4 ? random() * most : 0)
  const one = (): Weather => ({
    refused: some(0.9),
    silent: some(0.5),
    headOnly: some(0.5),
    killed: some(0.5),
    told: some(0.3),
    token: some(0.1),
    cutAfterMs: random() < 0.3 ? Infinity : 500 + random() * 20_000,
    halfOpen: some(0.7),
    lost: some(0.4),
    busy: some(0.2),
    lies: some(0.2),
    overlaps: some(0.7),
    latencyMs: 5 + random() * (random() < 0.2 ? 900 : 80),
  })
  return {
    websocket: { ...one(), ...forever.websocket },
    sse: { ...one(), ...forever.sse },
    poll: { ...one(), ...forever.poll },
  }
}
