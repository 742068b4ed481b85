import { pause } from './publishers.ts'

/** How late a timer may be before publishers wait: the judge is to find faults of the server, not of a busy machine. */
const lateMs = 100
const everyMs = 25

/** When something may be published: not while faults want silence, nor while this process is behind. */
export class Pace {
  #hushed = 0
  #lateMs = 0
  readonly #timer: NodeJS.Timeout

  constructor() {
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#lateMs = Math.max(now - last - everyMs, this.#lateMs * 0.8)
      last = now
    }, everyMs)
  }

  get open(): boolean {
    return this.#hushed === 0 && this.#lateMs < lateMs
  }

  async turn(): Promise<void> {
    while (!this.open) await pause(everyMs)
  }

  /** Nothing is published until the answer is called. */
  hush(): () => void {
    this.#hushed++
    return () => void this.#hushed--
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
