// A large SQLite log: node test/torture/scale.ts [--messages 100000] [--channels 1000] [--clients 1000] [--behind 1000].
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { WireFormat } from '../../src/hub/format.ts'
import { Hub } from '../../src/hub/hub.ts'
import { Outlet, type Link } from '../../src/hub/outlet.ts'
import type { Log } from '../../src/log/log.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'
import { messageJson } from '../../src/server/formats/json.ts'

interface Size {
  readonly messages: number
  readonly channels: number
  readonly clients: number
  /** How many messages each client is behind. */
  readonly behind: number
}

const batch = 100
const batchesInFlight = 16
const data = JSON.stringify('x'.repeat(254))
const hour = 3_600_000
const began = 1_700_000_000_000
const rule = { keep: 'all', ageMs: hour, count: 1e9, bytes: 1e12, tombstoneMs: hour } as const
const lineEnd = 10
const progressMs = 5_000

/** Everything is a line, so that lines are messages. */
const format: WireFormat = {
  name: 'lines',
  message: (message) => Buffer.from(`${messageJson(message)}\n`),
  gap: (gap) => {
    throw new Error(`a reader was told of a gap: ${JSON.stringify(gap)}`)
  },
  snapshot: () => Buffer.alloc(0),
  position: () => Buffer.alloc(0),
}

/** Fills a log, opens it again, lets clients catch up and removes half of it; answers what each took. `tell` hears how far it is. */
export async function scale(
  size: Size,
  tell: (progress: string) => void = () => {},
): Promise<Readonly<Record<string, string>>> {
  const path = await mkdtemp(join(tmpdir(), 'everwire-scale-'))
  let time = began
  const open = () => sqliteLog({ path, rules: () => rule, sweepMs: 2 ** 30, now: () => time })
  try {
    let log = await open()
    const half = Math.floor(size.messages / 2)
    const filling = performance.now()
    await fill(log, 0, half, size.channels, tell)
    time += hour / 2
    await fill(log, half, size.messages, size.channels, tell)
    const filled = performance.now() - filling
    await log.close()

    const opening = performance.now()
    log = await open()
    const opened = performance.now() - opening
    const bytes = await bytesIn(path)
    tell(`opened again in ${opened.toFixed(0)} ms; ${size.clients} clients catch up`)
    const catchUp = await catchUpAll(log, size)
    const alone = await appendsUntil(log, new Promise((resolve) => setTimeout(resolve, 1_000)), tell)
    time += hour / 2 + 1_000
    const sweeping = performance.now()
    tell('removing half')
    const beside = await appendsUntil(log, log.sweep(), tell)
    const swept = performance.now() - sweeping
    const { trimmed } = await log.read([{ channel: 'c0', after: 0 }], { entries: 1, bytes: 1 })
    if (trimmed.length === 0) throw new Error('the sweep has removed nothing')
    await log.close()
    return {
      'messages in channels': `${size.messages} of 256 B in ${size.channels}`,
      'written, batches of 100': `${Math.round(size.messages / (filled / 1_000))} messages/s`,
      'opened again in': `${opened.toFixed(0)} ms`,
      'on disk': `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / size.messages).toFixed(0)} B a message`,
      [`${size.clients} clients ${size.behind} behind`]: catchUp,
      'one append after the other': show(alone),
      'the same while half is removed': show(beside),
      'half removed in': `${(swept / 1_000).toFixed(1)} s`,
    }
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function fill(
  log: Log,
  from: number,
  to: number,
  channels: number,
  tell: (progress: string) => void,
): Promise<void> {
  let next = from
  const said = setInterval(() => tell(`${next} written`), progressMs)
  const lane = async () => {
    while (next < to) {
      const first = next
      next = Math.min(to, next + batch)
      await log.append(
        Array.from({ length: next - first }, (_, i) => ({
          channel: `c${(first + i) % channels}`,
          event: 'e',
          data,
        })),
      )
    }
  }
  await Promise.all(Array.from({ length: batchesInFlight }, lane)).finally(() => clearInterval(said))
}

/** All clients come at once; each reads as many channels from their beginning as hold what it is behind. */
async function catchUpAll(log: Log, { messages, channels, clients, behind }: Size): Promise<string> {
  const hub = await Hub.open(log, () => 'all', {
    defer: (run) => void setImmediate(run),
    later: () => () => {},
    report: (error) => console.error(error),
  })
  const perChannel = Math.floor(messages / channels)
  const many = Math.min(channels, Math.max(1, Math.round(behind / perChannel)))
  const owed = many * perChannel
  const beginning = performance.now()
  const times = await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const names = Array.from({ length: many }, (_, j) => `c${(i * many + j) % channels}`)
      const starts = await hub.starts(
        names,
        names.map(() => ({ after: 'earliest' })),
      )
      await received(hub, starts, owed)
      return performance.now() - beginning
    }),
  )
  hub.close()
  times.sort((a, b) => a - b)
  const seconds = (ms = 0) => `${(ms / 1_000).toFixed(2)} s`
  const rate = Math.round((clients * owed) / ((times.at(-1) ?? 1) / 1_000))
  return `${owed} each from ${many} channels; half of the clients have them in ${seconds(times[times.length >> 1])}, all in ${seconds(times.at(-1))} (${rate} messages/s)`
}

/** Fulfilled when a client whose socket drains once a turn has got so many messages; rejected when one is too many. */
function received(hub: Hub, starts: Awaited<ReturnType<Hub['starts']>>, owed: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let unsent = 0
    let got = 0
    const link: Link = {
      get room() {
        return 65_536 - unsent
      },
      send(bytes) {
        if (unsent === 0) setImmediate(drain)
        unsent += bytes.length
        for (const byte of bytes) if (byte === lineEnd) got++
      },
    }
    const outlet = new Outlet(hub, link, { readFailed: reject })
    const reader = hub.subscribe(starts, format, outlet)
    const drain = () => {
      unsent = 0
      outlet.drained()
      if (got < owed) return
      reader.close()
      outlet.close()
      if (got === owed) resolve()
      else reject(new Error(`${got} messages instead of ${owed}`))
    }
    outlet.ready(reader)
  })
}

async function appendsUntil(
  log: Log,
  end: Promise<unknown>,
  tell: (progress: string) => void,
): Promise<readonly number[]> {
  const times: number[] = []
  const said = setInterval(() => tell(show(times)), progressMs)
  let ended = false
  const done = end.finally(() => {
    clearInterval(said)
    ended = true
  })
  while (!ended) {
    const start = performance.now()
    await log.append([{ channel: 'live', event: 'e', data }])
    times.push(performance.now() - start)
  }
  await done
  return times
}

function show(found: readonly number[]): string {
  const times = [...found].sort((a, b) => a - b)
  const at = (part: number) => `${(times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1)} ms`
  return `${times.length} appends: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`
}

async function bytesIn(path: string): Promise<number> {
  const names = await readdir(path)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '100000' },
      channels: { type: 'string', default: '1000' },
      clients: { type: 'string', default: '1000' },
      behind: { type: 'string', default: '1000' },
    },
  })
  const { messages, channels, clients, behind } = values
  const began = performance.now()
  const say = (progress: string) =>
    console.error(`${((performance.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${progress}`)
  const size = {
    messages: Number(messages),
    channels: Number(channels),
    clients: Number(clients),
    behind: Number(behind),
  }
  for (const [what, figure] of Object.entries(await scale(size, say)))
    console.log(`${what.padEnd(34)} ${figure}`)
}
