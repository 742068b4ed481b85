// A server under many bare clients and a steady stream of publishes is replaced, by SIGTERM or kill -9: everybody comes
// back, and nothing is lost or doubled.
// node test/torture/restart.ts [clients] [restarts] [SIGTERM|SIGKILL]
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lines } from '../support/lines.ts'

export interface RestartOptions {
  readonly clients: number
  readonly restarts: number
  readonly signal: 'SIGTERM' | 'SIGKILL'
}

/** What the clients saw of one restart. */
export interface RestartReport {
  /** Clients that are open again. */
  readonly open: number
  readonly lost: number
  readonly doubled: number
  readonly gaps: number
  /** Streams that opened, and the most within any second; with attempts that found nobody. */
  readonly connects: number
  readonly peakConnectsPerSecond: number
  readonly peakAttemptsPerSecond: number
  /** How long a client was without its stream. */
  readonly awayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Why streams ended, by kind of client. */
  readonly endings: Readonly<Record<string, number>>
  /** How the old server ended, and how long that took. */
  readonly exit: number | string
  readonly exitMs: number
  /** Until the new one was ready. */
  readonly startMs: number
  /** Messages acknowledged so far. */
  readonly acknowledged: number
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const clientsScript = fileURLToPath(new URL('restart-clients.ts', import.meta.url))

/** Runs the whole and tells of every restart; fails when somebody does not come back. */
export async function rollingRestart(
  { clients, restarts, signal }: RestartOptions,
  log: (line: string) => void = () => {},
): Promise<readonly RestartReport[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-restart-'))
  const children = new Set<ChildProcess>()
  try {
    let server = await startServer(folder, 0)
    children.add(server.child)
    const { port } = server
    const channels = Math.max(1, Math.ceil(clients / 60))
    const readers = spawn(
      process.execPath,
      [clientsScript, String(port), String(clients), String(channels)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    children.add(readers)
    const nextReport = lines(readers)
    const tell = (command: object) => readers.stdin?.write(`${JSON.stringify(command)}\n`)
    const publisher = new Publisher(`http://127.0.0.1:${port}/wire/publish`, channels)
    const published = publisher.run()
    const caughtUp = async () => {
      tell({ goal: publisher.acknowledged })
      return JSON.parse(await nextReport()) as RestartReport
    }
    await publisher.several()
    const first = await caughtUp()
    log(`${first.open} clients are open, on ${channels} channels`)
    const reports: RestartReport[] = []
    for (let i = 0; i < restarts; i++) {
      tell({ mark: true })
      await nextReport()
      const { exit, exitMs } = await server.end(signal)
      const before = performance.now()
      server = await startServer(folder, port)
      children.add(server.child)
      const startMs = Math.round(performance.now() - before)
      await publisher.several()
      const seen = await caughtUp()
      const acknowledged = publisher.acknowledged.reduce((sum, n) => sum + n, 0)
      const report = { ...seen, exit, exitMs, startMs, acknowledged }
      log(JSON.stringify(report))
      reports.push(report)
    }
    publisher.stop()
    await published
    return reports
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

interface RunningServer {
  readonly child: ChildProcess
  readonly port: number
  end(signal: NodeJS.Signals): Promise<{ readonly exit: number | string; readonly exitMs: number }>
}

async function startServer(folder: string, port: number): Promise<RunningServer> {
  const args = ['serve', '--dev', '--json', '--port', String(port), '--data', folder]
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const next = lines(child)
  let bound = port
  for (;;) {
    const line = JSON.parse(await next()) as { readonly type: string; readonly port?: number }
    bound = line.port ?? bound
    if (line.type === 'ready') break
  }
  return {
    child,
    port: bound,
    async end(signal) {
      const before = performance.now()
      const ended = once(child, 'exit')
      child.kill(signal)
      const [code, killed] = (await ended) as [number | null, string | null]
      return { exit: code ?? killed ?? '', exitMs: Math.round(performance.now() - before) }
    },
  }
}

/** Publishes numbers to every channel in turn, each until it is acknowledged, with the same key. */
class Publisher {
  /** Of each channel, how many numbers from 0 on. */
  readonly acknowledged: number[]
  readonly #url: string
  #stopped = false
  #waiting: { readonly at: number; readonly resolve: () => void }[] = []
  #count = 0

  constructor(url: string, channels: number) {
    this.#url = url
    this.acknowledged = Array.from({ length: channels }, () => 0)
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      for (let channel = 0; channel < this.acknowledged.length && !this.#stopped; channel++) {
        const n = this.acknowledged[channel] ?? 0
        await this.#publish(channel, n)
        this.acknowledged[channel] = n + 1
      }
      this.#count++
      for (const { at, resolve } of this.#waiting) if (this.#count >= at) resolve()
      this.#waiting = this.#waiting.filter(({ at }) => at > this.#count)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** Fulfilled once every channel has got five more. */
  several(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ at: this.#count + 5, resolve }))
  }

  stop(): void {
    this.#stopped = true
  }

  async #publish(channel: number, n: number): Promise<void> {
    const body = JSON.stringify({ channel: `c${channel}`, event: 'n', data: n, key: `${channel}/${n}` })
    for (;;) {
      try {
        const answer = await fetch(this.#url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
        await answer.text()
        if (answer.status === 200) return
        if (answer.status !== 503) throw new Error(`a publish was answered ${answer.status}`)
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
      if (this.#stopped) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [clients = '5000', restarts = '3', signal = 'SIGTERM'] = process.argv.slice(2)
  await rollingRestart(
    {
      clients: Number(clients),
      restarts: Number(restarts),
      signal: signal === 'SIGKILL' ? signal : 'SIGTERM',
    },
    (line) => console.log(line),
  )
}
