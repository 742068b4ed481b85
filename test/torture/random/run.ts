import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { platform } from '../../../src/client/env.ts'
import { poll } from '../../../src/client/transports/poll.ts'
import { sse } from '../../../src/client/transports/sse.ts'
import type { TransportName } from '../../../src/client/transports/transport.ts'
import { websocket } from '../../../src/client/transports/websocket.ts'
import { Wire } from '../../../src/client/wire.ts'
import { parsePosition } from '../../../src/protocol/position.ts'
import { chaosProxy, type ChaosProxy } from '../../support/chaos-proxy.ts'
import { judge, type Evidence } from './judge.ts'
import { byHttp, bySdk, byWebSocket, pause, type Desk, type Publisher } from './publishers.ts'
import { BarePoll, BareSse, BareWebSocket, SdkReader, type Reader } from './readers.ts'
import { channels, payload, pick, randomFrom } from './world.ts'

export interface Report {
  readonly seed: number
  readonly published: number
  readonly acknowledged: number
  readonly delivered: number
  readonly gaps: number
  readonly connections: number
  readonly faults: Readonly<Record<string, number>>
  readonly healedMs: number
  readonly violations: readonly string[]
}

export interface How {
  readonly seed: number
  readonly seconds: number
  /** A file keeps everything through kills; memory ends with its process. */
  readonly store: 'sqlite' | 'memory'
}

const transports: readonly TransportName[] = ['websocket', 'sse', 'poll']
/** How long everybody has to get everything once nothing fails any more. */
const healMs = 20_000

/** The server as a process that can be killed and comes back elsewhere. */
class Victim {
  readonly #folder: string | undefined
  #child: ChildProcess | undefined
  port = 0

  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  async start(): Promise<void> {
    const script = fileURLToPath(new URL('server.ts', import.meta.url))
    const child = spawn(process.execPath, [script, ...(this.#folder === undefined ? [] : [this.#folder])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    this.port = Number(line)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Whether it still runs, unless it was killed here. */
  get lives(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  stop(): void {
    this.#child?.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child?.kill('SIGCONT')
  }

  async position(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}/wire/position`)
    return ((await response.json()) as { id: string }).id
  }
}

/** One run: publishers, readers and faults for so long, then peace, then judgement. */
export async function torture({ seed, seconds, store }: How): Promise<Report> {
  const random = randomFrom(seed)
  const folder = store === 'sqlite' ? await mkdtemp(join(tmpdir(), 'everwire-torture-')) : undefined
  const victim = new Victim(folder)
  const logs = new Map<string, number>()
  const born = async () => {
    await victim.start()
    logs.set(parsePosition(await victim.position()).epoch, store === 'sqlite' ? 0 : logs.size)
  }
  await born()
  const proxy = await chaosProxy(() => victim.port)
  const wires: Wire[] = []
  const wire = (transport: TransportName) => {
    const env = { ...platform, random: () => random() * 0.1, transports: { websocket, sse, poll } }
    const made = new Wire([`${proxy.url}/wire`], { transports: [transport] }, env, () => () => {})
    wires.push(made)
    return made
  }
  const faults: Record<string, number> = {}
  let readers: Reader[] = []
  try {
    const end = Date.now() + seconds * 1_000
    const desk: Desk = {
      url: proxy.url,
      random,
      acknowledged: [],
      tried: new Map(),
      refused: [],
      over: () => Date.now() > end,
    }
    const start = await victim.position()
    const applications = transports.map((name) => new SdkReader(`sdk ${name}`, wire(name)))
    readers = [...applications, ...bareReaders(proxy.url, start)]
    const listening = listen(applications, start, seconds)
    const publishers: readonly Publisher[] = [
      byHttp,
      byWebSocket,
      ...transports.map((name) => bySdk(wire(name))),
    ]
    const publishing = publishers.map((publish, i) => publish(desk, `p${i}`))
    await harass(
      random,
      victim,
      proxy,
      born,
      (half) => Date.now() > end - (half ? seconds * 500 : 500),
      faults,
    )
    await listening
    const healing = Date.now()
    proxy.treatment = 'pass'
    proxy.resume()
    proxy.reset()
    await within(healMs, Promise.all(publishing), 'publishers wait for answers')
    const last = await lastWords(victim, desk)
    await arrived(readers, last)
    const healedMs = Date.now() - healing
    const evidence: Evidence = {
      logOf: (epoch) => logs.get(epoch) ?? -1,
      acknowledged: desk.acknowledged,
      tried: desk.tried,
      readers,
      log: await wholeLog(victim),
      lastLog: Math.max(...logs.values()),
    }
    const died = victim.lives ? [] : ['the server died by itself']
    return {
      seed,
      published: desk.tried.size,
      acknowledged: desk.acknowledged.length,
      delivered: count(readers, 'message'),
      gaps: count(readers, 'gap'),
      connections: proxy.accepted,
      faults,
      healedMs,
      violations: [...died, ...desk.refused.map((text) => `refused: ${text}`), ...judge(evidence)],
    }
  } finally {
    for (const each of readers) each.close()
    for (const each of wires) each.close()
    await proxy.close()
    await victim.kill()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

function bareReaders(url: string, start: string): Reader[] {
  return [
    new BareSse('sse of all', url, channels, `after=${start}`),
    new BareSse('sse of one', url, ['all/1'], 'after=earliest'),
    new BareSse('sse from the last', url, channels, 'last=3'),
    new BarePoll('poll of all', url, channels, start),
    new BareWebSocket('socket', url, channels, start),
  ]
}

/** One channel after the other, until half of the time is over: event streams and polls are handed over for each. */
async function listen(applications: readonly SdkReader[], start: string, seconds: number): Promise<void> {
  for (const channel of channels) {
    for (const each of applications) each.listen(channel, start)
    await pause((seconds * 500) / channels.length)
  }
}

/** One fault after the other, at random moments. */
async function harass(
  random: () => number,
  victim: Victim,
  proxy: ChaosProxy,
  born: () => Promise<void>,
  over: (half?: boolean) => boolean,
  faults: Record<string, number>,
): Promise<void> {
  const bad: Readonly<Record<string, () => Promise<void> | void>> = {
    'reset all': () => proxy.reset(),
    'reset some': () => proxy.reset(() => random() < 0.4),
    'reset some more': () => proxy.reset(() => random() < 0.2),
    'cut in mid-frame': () => proxy.cutInMidFrame(),
    blackhole: () => proxy.blackhole(),
    refuse: async () => {
      proxy.treatment = 'refuse'
      proxy.reset(() => random() < 0.5)
      await pause(150)
      proxy.treatment = 'pass'
    },
    stall: async () => {
      proxy.pause()
      await pause(100 + random() * 400)
      proxy.resume()
    },
    'stop the process': async () => {
      victim.stop()
      await pause(100 + random() * 300)
      victim.goOn()
    },
    kill: async () => {
      await victim.kill()
      await pause(random() * 100)
      await born()
    },
  }
  const kinds = Object.keys(bad)
  while (!over()) {
    await pause(50 + random() * 450)
    // Every run has a kill: after half of the time at the latest.
    const kind = faults['kill'] === undefined && over(true) ? 'kill' : pick(random, kinds)
    faults[kind] = (faults[kind] ?? 0) + 1
    await bad[kind]?.()
  }
}

/** A last message in each channel, published past all faults. Answers their ids. */
async function lastWords(
  victim: Victim,
  { tried, acknowledged }: Desk,
): Promise<ReadonlyMap<string, string>> {
  const last = new Map<string, string>()
  for (const [n, channel] of channels.entries()) {
    const slot = channel.startsWith('latest/') ? 'a' : ''
    tried.set(`last:${n}`, { channel, slot, removed: false })
    const body = { channel, data: payload('last', n, 0), key: `last:${n}`, ...(slot === '' ? {} : { slot }) }
    const response = await fetch(`http://127.0.0.1:${victim.port}/wire/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { id } = (await response.json()) as { id: string }
    acknowledged.push({ by: 'last', n, id })
    last.set(channel, id)
  }
  return last
}

/** Waits until every reader has come to the last message of each of its channels, or the time is up. */
async function arrived(readers: readonly Reader[], last: ReadonlyMap<string, string>): Promise<void> {
  const end = Date.now() + healMs
  const there = (reader: Reader) =>
    [...last].every(([channel, id]) => {
      if (!reader.seen.some((each) => each.channel === channel)) return reader.name === 'sse of one'
      const reached = parsePosition(reader.reached(channel) ?? id.replace(/^\d+/, '0'))
      const wanted = parsePosition(id)
      return reached.epoch === wanted.epoch && reached.seq >= wanted.seq
    })
  while (!readers.every(there) && Date.now() < end) await pause(20)
  // What is behind the position that was reached, a snapshot's end say, comes in the same moment.
  await pause(200)
}

/** Everything that the channels that keep everything hold. */
async function wholeLog(victim: Victim): Promise<Evidence['log']> {
  const found: { channel: string; id: string; data: unknown }[] = []
  for (const channel of channels.filter((each) => each.startsWith('all/'))) {
    for (let after = 'earliest'; ;) {
      const query = `channel=${channel}&limit=1000&after=${after}`
      const response = await fetch(`http://127.0.0.1:${victim.port}/wire/history?${query}`)
      const { messages, more } = (await response.json()) as { messages: typeof found; more: boolean }
      found.push(...messages.map(({ id, data }) => ({ channel, id, data })))
      if (!more) break
      after = messages.at(-1)?.id ?? after
    }
  }
  return found
}

function count(readers: readonly Reader[], type: string): number {
  return readers.reduce((sum, { seen }) => sum + seen.filter((each) => each.type === type).length, 0)
}

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`stall: ${what} for ${ms} ms`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
