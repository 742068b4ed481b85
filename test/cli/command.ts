import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const running = new Set<Command>()

/** How a test starts the command. */
export interface Start {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
}

/** The command line in a process of its own. */
export class Command {
  readonly #child: ChildProcess
  readonly #lines = { stdout: [] as string[], stderr: [] as string[] }
  readonly #waiting = new Set<() => void>()
  /** Fulfilled when the process has ended and all its output has been read: its exit code, or its signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  #over = false

  constructor(args: readonly string[], { env, input, cwd }: Start = {}) {
    this.#child = spawn(process.execPath, [main, ...args], {
      // No settings of whoever runs the tests.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = this.#child[name]
      if (!stream) throw new Error(`${name} is no pipe`)
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines[name].push(line)
        this.#changed()
      })
    }
    this.#child.stdin?.on('error', () => undefined)
    this.#child.stdin?.end(input ?? '')
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#over = true
      running.delete(this)
      this.#changed()
      return code ?? signal
    })
    running.add(this)
  }

  get stdout(): readonly string[] {
    return this.#lines.stdout
  }

  get stderr(): readonly string[] {
    return this.#lines.stderr
  }

  /** The lines of stdout as JSON. */
  get results(): readonly Record<string, unknown>[] {
    return this.stdout.map((line) => JSON.parse(line))
  }

  /** Resolves with what `find` finds, looking whenever a line has come. Fails when the process ends without. */
  async until<T>(find: (command: this) => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find(this)
      if (found !== undefined && found !== false) return found
      if (this.#over) throw new Error(`the command ended before that:\n${this.shown}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Everything that was written, for the message of a failed test. */
  get shown(): string {
    return [...this.stdout, '--- stderr', ...this.stderr].join('\n')
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #changed(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }
}

/** Runs the command to its end. */
export async function everwire(
  args: readonly string[],
  start?: Start,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const command = new Command(args, start)
  const code = await command.ended
  return { code, stdout: command.stdout.join('\n'), stderr: command.stderr.join('\n') }
}

/** Ends what a test has left running. */
export async function endCommands(): Promise<void> {
  const left = [...running]
  for (const command of left) command.kill('SIGKILL')
  await Promise.all(left.map(({ ended }) => ended))
}

/** A server for development that has said that it is ready, and where it is. */
export async function startServer(
  given: { readonly port?: number; readonly options?: readonly string[] } = {},
): Promise<{ readonly command: Command; readonly url: string; readonly port: number }> {
  const { port: asked = 0, options = [] } = given
  const command = new Command(['serve', '--dev', '--json', '--port', String(asked), ...options])
  await command.until(({ results }) => results.find(({ type }) => type === 'ready'))
  const listening = command.results.find(({ type }) => type === 'listening')
  const { url, port } = listening ?? {}
  if (typeof url !== 'string' || typeof port !== 'number')
    throw new Error(`serve did not say where it listens:\n${command.shown}`)
  return { command, url, port }
}
