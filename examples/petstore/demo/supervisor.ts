import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./child.ts', import.meta.url))
const graceMs = 4_000
const pauseMs = 250

/** Runs the application as a child process, and again whenever it has died. */
export class Supervisor {
  readonly #data: string
  #child: ChildProcess | undefined
  #port: number | undefined
  #isClosing = false

  constructor(data: string) {
    this.#data = data
  }

  /** Where the application listens; undefined while it is down. */
  get port(): number | undefined {
    return this.#port
  }

  /** Fulfilled when the application listens; rejected when it ends before. */
  async start(): Promise<void> {
    const child = fork(program, [this.#data], { execArgv: [] })
    this.#child = child
    child.once('exit', () => {
      const hasLived = this.#port !== undefined
      this.#port = undefined
      if (hasLived && !this.#isClosing) this.#startAgain()
    })
    this.#port = await new Promise<number>((resolve, reject) => {
      child.once('message', (port) => resolve(Number(port)))
      child.once('exit', (code) =>
        reject(new Error(`the pet store ended at its start with code ${code}: see its lines above`)),
      )
    })
  }

  /** What no process can prepare for. It comes back by itself. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  async close(): Promise<void> {
    this.#isClosing = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const last = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await gone
    clearTimeout(last)
  }

  #startAgain(): void {
    setTimeout(() => {
      if (this.#isClosing) return
      this.start().catch((error: unknown) => {
        console.error(error)
        this.#startAgain()
      })
    }, pauseMs)
  }
}
