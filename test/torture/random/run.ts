import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePosition } from '../../../src/protocol/position.ts'
import { chaosProxy } from '../../support/chaos-proxy.ts'
import type { Reader, Setting } from './bare.ts'
import { harass, possible, type Scene } from './faults.ts'
import { authorOf, Chronicle, type Kept, type Sent } from './history.ts'
import { judge } from './judge.ts'
import { abilities, SmallDisk } from './machine.ts'
import type { Options } from './options.ts'
import { byHttp, bySdk, byWebSocket, pause, wrongly, type Desk, type Publisher } from './publishers.ts'
import { BareReader } from './readers.ts'
import { Pace } from './pace.ts'
import { reportOf, type Report } from './report.ts'
import { sdk, SdkReader, transports } from './sdk.ts'
import { Tally } from './tally.ts'
import { Verdict } from './verdict.ts'
import { Victim } from './victim.ts'
import { channels, payload, randomFrom, room, shortCount, stored } from './world.ts'

/** Once nothing fails any more, nobody stands still for so long before having everything. */
const healMs = 15_000
/** How long it may take until everybody sees who is there: nobody has gone without a word. */
const presenceMs = 20_000

/**
 * One run: publishers, readers and faults, then peace, then judgement. `progress` is told how it goes, now and then;
 * `stop` brings the end before its time.
 */
export async function torture(
  options: Options,
  progress: (tally: Tally) => void,
  stop?: AbortSignal,
): Promise<Report> {
  const { seed, seconds, store } = options
  const random = randomFrom(seed)
  const tally = new Tally()
  const folder = mkdtempSync(join(tmpdir(), 'everwire-torture-'))
  const able = abilities()
  const { here, leftOut } = possible(able, store, options.faults)
  const wants = (name: string) => here.some((each) => each.name === name)
  const data = join(folder, 'data')
  mkdirSync(data)
  const disk = wants('disk-full') ? new SmallDisk(data) : undefined
  const fakeTime = wants('clock') && typeof able.fakeTime !== 'string' ? able.fakeTime.path : undefined
  const victim = new Victim({ folder, store: store === 'sqlite' ? data : undefined, fakeTime, tally })
  let abandoned = false
  const closing: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  if (disk) closing.push(() => disk.close())
  try {
    await victim.start()
    const proxy = await chaosProxy(() => victim.port)
    const setting: Setting = { url: proxy.url, folder: join(folder, 'history'), tally, random }
    const begun = performance.now()
    const elapsed = () => (performance.now() - begun) / 1_000
    const over = () =>
      victim.crashed ||
      stop?.aborted === true ||
      (elapsed() > seconds &&
        tally.deliveries >= options.deliveries &&
        tally.acknowledged >= options.acknowledged)
    const pace = new Pace()
    closing.push(() => pace.close())
    const sent = new Chronicle<Sent>(setting.folder, 'sent')
    const desk: Desk = {
      url: proxy.url,
      random,
      sent,
      tally,
      over,
      abandoned: () => abandoned,
      turn: () => pace.turn(),
      open: () => pace.open,
    }
    const start = await victim.position()
    const bare = bareReaders(setting, start)
    const applications = sdkReaders(setting)
    const readers: readonly Reader[] = [...bare, ...applications]
    const ticking = setInterval(() => {
      victim.measure()
      progress(tally)
    }, 1_000)
    closing.push(
      () => clearInterval(ticking),
      () => void victim.end('SIGKILL'),
      () => void proxy.close(),
      ...readers.map((each) => () => each.close()),
    )
    const publishers: readonly Publisher[] = [
      byHttp,
      byHttp,
      byWebSocket(true),
      byWebSocket(true),
      byWebSocket(false),
      wrongly,
      ...transports.map((name) => {
        const wire = sdk(setting, `publisher-${name}`, [name])
        closing.push(() => wire.close())
        return bySdk(wire)
      }),
    ]
    const listening = listen(applications, start, Math.min(seconds, 20))
    const coming = comeAndGo(applications, over)
    const publishing = publishers.map((publish, i) => publish(desk, `p${i}`))
    const scene: Scene = {
      random,
      proxy,
      victim,
      disk,
      change: () => bare.forEach((each) => each.change()),
      hush: () => pace.hush(),
    }
    await harass(scene, here, over, (fault) => tally.count(tally.faults, fault))
    while (!over()) await pause(100)
    const torturedSeconds = elapsed()
    const report = (verdict: Verdict, healedMs: number) =>
      reportOf({ options, tally, verdict, leftOut, torturedSeconds, healedMs, connections: proxy.accepted })
    if (victim.crashed) {
      const verdict = new Verdict()
      verdict.add('crash', 'log', victim.errors)
      return report(verdict, 0)
    }
    await Promise.all([listening, coming])
    const healing = performance.now()
    proxy.treatment = 'pass'
    proxy.resume()
    for (const each of bare) each.hurry()
    proxy.reset()
    let stalls = false
    const stalled = (what: string) => {
      stalls = true
      sent.add({ type: 'wronged', violation: 'stall', what })
    }
    if (!(await within(2 * healMs, Promise.all(publishing)))) stalled('publishers wait for answers')
    const last = await lastWords(victim, desk)
    await arrived(readers, last)
    for (const each of readers) if (!hasArrived(each, last)) stalled(each.condition)
    // What is behind the position that was reached, a snapshot's end say, comes in the same moment.
    await pause(300)
    const healedMs = performance.now() - healing
    if (!stalls) await judgePresence(applications, sent)
    if (victim.crashed) sent.add({ type: 'wronged', violation: 'crash', what: victim.errors })
    const kept = new Chronicle<Kept>(setting.folder, 'kept')
    await wholeLog(victim, kept, sent)
    victim.measure()
    for (const each of readers) each.close()
    const verdict = judge({
      epochs: victim.epochs,
      sent,
      readers,
      kept,
      lastLog: Math.max(...[...victim.epochs.values()].map(({ log }) => log)),
      shortCount,
    })
    return report(verdict, healedMs)
  } finally {
    abandoned = true
    for (const close of closing.toReversed()) close()
    await victim.end('SIGKILL')
  }
}

function bareReaders(setting: Setting, start: string): readonly BareReader[] {
  const after = `after=${start}`
  return [
    new BareReader('sse of all', setting, channels, ['sse'], after),
    new BareReader('sse of one', setting, ['all/1'], ['sse'], 'after=earliest'),
    new BareReader('sse from the last', setting, channels, ['sse'], 'last=3'),
    new BareReader('slow sse', setting, channels, ['sse'], after, 'slowly'),
    new BareReader('poll of all', setting, channels, ['poll'], after),
    new BareReader('poll of two', setting, ['short/1', 'all/2'], ['poll'], after),
    new BareReader('socket', setting, channels, ['websocket'], after),
    new BareReader('slow socket', setting, ['all/1', 'short/1'], ['websocket'], after, 'slowly'),
    new BareReader(
      'hopper',
      setting,
      channels,
      ['sse', 'websocket', 'poll', 'sse', 'poll', 'websocket'],
      after,
    ),
    new BareReader('hopper of two', setting, ['all/2', 'latest/1'], ['poll', 'sse'], after),
  ]
}

function sdkReaders(setting: Setting): readonly SdkReader[] {
  return [
    ...transports.map((name) => new SdkReader(`sdk ${name}`, setting, [name])),
    new SdkReader('sdk of its choice', setting),
    new SdkReader('sdk of its choice too', setting, ['sse', 'poll', 'websocket']),
  ]
}

/** One channel after the other: event streams and polls are handed over for each. */
async function listen(applications: readonly SdkReader[], start: string, seconds: number): Promise<void> {
  for (const each of applications) {
    each.watch()
    each.enter()
  }
  for (const channel of channels) {
    for (const each of applications) each.listen(channel, start)
    await pause((seconds * 500) / channels.length)
  }
}

/** Another channel that comes and goes: event streams and polls are handed over while everything goes on. */
async function comeAndGo(applications: readonly SdkReader[], over: () => boolean): Promise<void> {
  while (!over()) {
    const stops = applications.map((each) => each.join(room))
    await pause(700)
    for (const stop of stops) stop()
    await pause(700)
  }
}

/** A last message in each channel, published past all faults. Answers their ids. */
async function lastWords(victim: Victim, { sent, tally }: Desk): Promise<ReadonlyMap<string, string>> {
  const last = new Map<string, string>()
  for (const [n, channel] of stored.entries()) {
    const slot = channel.startsWith('latest/') ? 'a' : ''
    const who = `last:${n}`
    sent.add({ type: 'tried', who, channel, slot, removed: false })
    const body = { channel, data: payload('last', n, 0), key: who, ...(slot === '' ? {} : { slot }) }
    const response = await fetch(`http://127.0.0.1:${victim.port}/wire/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status !== 200) throw new Error(`the last words were refused: ${await response.text()}`)
    const { id } = (await response.json()) as { id: string }
    sent.add({ type: 'acknowledged', who, id })
    tally.published++
    tally.acknowledged++
    last.set(channel, id)
  }
  return last
}

/** Waits until all have come to the last message of each of their channels, or nobody comes any further. */
async function arrived(readers: readonly Reader[], last: ReadonlyMap<string, string>): Promise<void> {
  let standing = ''
  for (let times = 0; times < 4; times++) {
    if (await until(() => readers.every((each) => hasArrived(each, last)), healMs)) return
    const before = standing
    standing = readers.map(({ condition }) => condition).join()
    if (standing === before) return
  }
}

/** Whether it has come to the last message of each of its channels. */
function hasArrived(reader: Reader, last: ReadonlyMap<string, string>): boolean {
  return [...last].every(([channel, id]) => {
    if (!reader.channels.includes(channel)) return true
    const reached = parsePosition(reader.reached(channel) ?? id.replace(/^\d+/, '0'))
    const wanted = parsePosition(id)
    return reached.epoch === wanted.epoch && reached.seq >= wanted.seq
  })
}

/** Whoever is there is seen by all; one who leaves is not. */
async function judgePresence(applications: readonly SdkReader[], sent: Chronicle<Sent>): Promise<void> {
  const check = async (who: readonly SdkReader[], when: string) => {
    const expected = who
      .map(({ name }) => name)
      .toSorted()
      .join(', ')
    const wrong = () => applications.filter(({ present }) => present.join(', ') !== expected)
    if (await until(() => wrong().length === 0, presenceMs)) return
    for (const { name, present } of wrong())
      sent.add({
        type: 'wronged',
        violation: 'presence',
        what: `${when}: ${name} sees ${present.join(', ')}`,
      })
  }
  await check(applications, 'all are there')
  const gone = applications.slice(0, 2)
  await Promise.all(
    gone.map((each) =>
      each.leave().catch((error: unknown) => {
        sent.add({
          type: 'wronged',
          violation: 'presence',
          what: `${each.name} cannot leave: ${String(error)}`,
        })
      }),
    ),
  )
  await check(applications.slice(2), 'two have left')
}

interface Page {
  readonly messages: readonly { id: string; data: unknown; slot?: string; removed?: boolean }[]
  readonly more: boolean
}

/** Everything that the channels hold. */
async function wholeLog(victim: Victim, kept: Chronicle<Kept>, sent: Chronicle<Sent>): Promise<void> {
  for (const channel of stored) {
    for (let after = 'earliest'; ;) {
      const { messages, more } = await pageOf(victim, `channel=${channel}&limit=1000&after=${after}`, sent)
      for (const { id, data, slot = '', removed = false } of messages)
        kept.add({ channel, id, who: authorOf(data, removed), slot, removed })
      if (!more) break
      after = messages.at(-1)?.id ?? after
    }
  }
}

/** A refusal is a violation, and asked again: without the log nothing else can be judged. */
async function pageOf(victim: Victim, query: string, sent: Chronicle<Sent>): Promise<Page> {
  let said = ''
  for (let times = 0; times < 10; times++) {
    const response = await fetch(`http://127.0.0.1:${victim.port}/wire/history?${query}`)
    if (response.status === 200) return (await response.json()) as Page
    said = `history?${query}: ${response.status} ${await response.text()}`
    sent.add({ type: 'wronged', violation: 'wrong refusal', what: said })
  }
  throw new Error(said)
}

async function until(done: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  while (!done()) {
    if (performance.now() > end) return false
    await pause(20)
  }
  return true
}

async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer))
}
