import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defaultLimits } from '../../../src/session/limits.ts'
import { lines } from '../../support/lines.ts'

export const transports = ['websocket', 'sse', 'poll'] as const

export interface SlowReaders {
  readonly transport: (typeof transports)[number]
  readonly slow: number
  readonly healthy: number
  /** Bytes owed to each slow reader, in messages of `size` bytes, published at that pace. */
  readonly owed: number
  readonly size: number
  readonly perSecond: number
  /** Whether readers that stall are cut off. */
  readonly stall: boolean
}

/** How far the readers of one kind are. */
interface Group {
  /** The first message that anybody has had, the last that everybody has. */
  readonly first: number
  readonly least: number
  readonly lost: number
  readonly doubled: number
  readonly gaps: number
  readonly resumes: number
}

/** Milliseconds from a publish to its readers: p50, p99, longest. */
type Times = readonly [number, number, number]

export interface SlowReadersReport extends SlowReaders {
  readonly messages: number
  /** The same load, the same healthy readers; without slow ones is before they come and after they have gone. */
  readonly delivery: { readonly without: Times; readonly with: Times }
  /** Processor seconds of the server for that load; without: the mean. */
  readonly cpu: { readonly without: number; readonly with: number }
  /** Resident bytes of the server: at most without slow readers, when all is owed to them, at most until they have it all. */
  readonly server: { readonly without: number; readonly owed: number; readonly most: number }
  /** The kernel's memory for all TCP sockets of this machine (/proc/net/sockstat), both ends: at rest. */
  readonly kernel: { readonly without: number; readonly owed: number }
  /** Sockets that the server holds once all is owed. */
  readonly sockets: number
  readonly groups: { readonly healthy: Group; readonly slow: Group }
}

const { unsentBytes } = defaultLimits
const kib = 1024
export const mib = 1024 * kib
/** On before anybody comes: more than a socket takes, so that slow readers stand still at once. */
const headStart = 40
const stallMs = 5_000
const everyMs = 500
const neverMs = 1e9

/**
 * What slow readers may cost. Each: what a socket may have unsent, a page or an answer that was on its way, and what a
 * connection is to Node. All together: the pages of the log under way (64 MiB) and shared (16 MiB), and as much garbage as
 * V8 lets lie (128 MiB: the young generation of Node 24, as `v8.getHeapSpaceStatistics()` tells it under load). In the
 * kernel each: twice ten segments to send, as long as its window has not grown, and what its own buffer takes; and there
 * everybody else's traffic.
 */
export const bounds = (slow: number) => ({
  server: 208 * mib + slow * (2 * unsentBytes + 32 * kib),
  kernel: 64 * mib + slow * 128 * kib,
})

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** Publishes three times as much as is owed: without slow readers, with them, and without them again. */
export async function slowReaders(
  options: SlowReaders,
  log: (line: string) => void = () => {},
): Promise<SlowReadersReport> {
  const { transport, slow, healthy, owed, size, perSecond, stall } = options
  const messages = Math.ceil(owed / size)
  const folder = await mkdtemp(join(tmpdir(), 'everwire-slow-'))
  const running: Child[] = []
  const start = (...[command, args]: Parameters<typeof child>) => {
    const started = child(command, args)
    running.push(started)
    return started
  }
  try {
    const server = start(process.execPath, [here('server.ts'), folder, String(stall ? stallMs : neverMs)])
    const { port } = await server.next<{ port: number }>()
    const readers = async (kind: 'healthy' | 'slow', count: number) => {
      const { id } = await server.ask<{ id: string }>('')
      const named = [port, 'bulk', transport, count, kind, id].map(String)
      return start('python3', [here('readers.py'), ...named])
    }
    const held = async (fits: (sockets: number) => boolean): Promise<number> => {
      for (const until = performance.now() + 90_000; ;) {
        const { sockets } = await server.ask<{ sockets: number }>('')
        if (fits(sockets) || performance.now() > until) return sockets
        await wait(200)
      }
    }
    let most = 0
    const rss = async () => {
      const now = await rssOf(server.pid)
      most = Math.max(most, now)
      return now
    }
    const until = async (group: Child, everybodyHas: number, what: string): Promise<Group> => {
      for (; ; await wait(everyMs)) {
        const state = await group.ask<Group>('report')
        const memory = `server ${show(await rss())}, kernel's sockets ${show(await socketMemory())}`
        log(
          `${transport}, stall limit ${onOff(stall)}: ${what}: have ${state.least} of ${everybodyHas}; ${memory}`,
        )
        if (state.least >= everybodyHas) return state
      }
    }
    let published = 0
    const cpu = async () => (await server.ask<{ cpu: number }>('')).cpu
    /** Answers the processor seconds that it took. */
    const load = async (phase: string, what: string): Promise<number> => {
      healthyOnes.say(`phase ${phase}`)
      const before = await cpu()
      server.say(JSON.stringify({ count: messages, size, perSecond }))
      await until(healthyOnes, (published += messages), what)
      await server.next()
      return (await cpu()) - before
    }

    const healthyOnes = await readers('healthy', healthy)
    await held((sockets) => sockets === healthy)
    const first = await load('without', 'without slow readers')
    forgetMetrics()
    const without = { server: most, kernel: await atRest() }
    const slowOnes = await readers('slow', slow)
    healthyOnes.say('phase start')
    await server.ask(JSON.stringify({ count: headStart, size, perSecond: 1e3 }))
    published += headStart
    await held((sockets) => sockets === healthy + slow)
    const beside = await load('with', `beside ${slow} that do not read`)
    const sockets = await held((now) => now === (stall ? healthy : healthy + slow))
    const full = { server: await rss(), kernel: await atRest() }
    slowOnes.say('read')
    const slowGroup = await until(slowOnes, published, 'slow ones read again')
    const peak = most
    slowOnes.say('quit')
    await held((now) => now === healthy)
    const last = await load('without', 'without slow readers again')
    const healthyGroup = await until(healthyOnes, published, 'the end')
    return {
      ...options,
      messages,
      delivery: await healthyOnes.ask<SlowReadersReport['delivery']>('times'),
      cpu: { without: (first + last) / 2, with: beside },
      server: { without: without.server, owed: full.server, most: peak },
      kernel: { without: without.kernel, owed: full.kernel },
      sockets,
      groups: { healthy: healthyGroup, slow: slowGroup },
    }
  } finally {
    for (const each of running) each.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What of a report is not as it has to be. */
export function faultsOf(report: SlowReadersReport): readonly string[] {
  const { transport, slow, healthy, stall, messages, server, kernel, sockets, groups } = report
  const bound = bounds(slow)
  const wanted = stall ? healthy : healthy + slow
  // The kernel may have taken all of an answer: then only the life of an idle connection (65 s) ends it.
  const kept = sockets === wanted || (transport === 'poll' && !stall)
  const starts = { healthy: 1, slow: messages + 1 }
  return [
    ...(server.most - server.without > bound.server ? ['the server took more memory than its bound'] : []),
    ...(kernel.owed - kernel.without > bound.kernel ? ['the sockets took more memory than their bound'] : []),
    ...(kept ? [] : [`the server held ${sockets} sockets instead of ${wanted}`]),
    ...(['healthy', 'slow'] as const).flatMap((kind) => {
      const { first, lost, doubled, gaps } = groups[kind]
      return [
        ...(lost + doubled > 0 ? [`${kind} readers: ${lost} lost, ${doubled} doubled`] : []),
        ...(first === starts[kind] || gaps > 0 ? [] : [`${kind} readers began with ${first}`]),
      ]
    }),
  ]
}

interface Child {
  readonly pid: number
  next<T>(): Promise<T>
  say(line: string): void
  ask<T>(line: string): Promise<T>
  kill(): void
}

function child(command: string, args: readonly string[]): Child {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = lines(process)
  const next = async <T>() => JSON.parse(await line()) as T
  const say = (text: string) => void process.stdin?.write(`${text}\n`)
  return {
    pid: process.pid ?? 0,
    next,
    say,
    ask: <T>(text: string) => {
      say(text)
      return next<T>()
    },
    kill: () => void process.kill('SIGKILL'),
  }
}

/**
 * What the kernel has learned of loopback from earlier connections, packets out of order say, would multiply what it lets
 * a new one send (tcp_metrics; root).
 */
function forgetMetrics(): void {
  spawnSync('ip', ['tcp_metrics', 'flush', '127.0.0.1'])
}

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * kib
}

async function socketMemory(): Promise<number> {
  const sockstat = await readFile('/proc/net/sockstat', 'utf8')
  return Number(/TCP:.* mem (\d+)/.exec(sockstat)?.[1]) * 4 * kib
}

/** The least of a second: whatever else this machine does comes on top. */
async function atRest(): Promise<number> {
  let least = Infinity
  for (let i = 0; i < 10; i++) {
    least = Math.min(least, await socketMemory())
    await wait(100)
  }
  return least
}

const show = (bytes: number) => `${Math.round(bytes / mib)} MiB`
export const onOff = (on: boolean) => (on ? 'on' : 'off')
