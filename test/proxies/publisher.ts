import { setTimeout as wait } from 'node:timers/promises'
import type { Origin } from './origin.ts'
import type { Reader, Sent } from './readers.ts'

/** Longer than anything takes to arrive. */
const patienceMs = 10_000

/** Publishes 0, 1, 2 ... to each client's channel, and judges what came. */
export class Publisher {
  readonly #origin: Origin
  readonly #readers: readonly Reader[]
  #sent = 0

  constructor(origin: Origin, readers: readonly Reader[]) {
    this.#origin = origin
    this.#readers = readers
  }

  async publish(count: number, paceMs = 0): Promise<void> {
    for (let i = 0; i < count; i++) {
      const n = this.#sent++
      for (const { kind } of this.#readers) {
        const sent: Sent = { n, at: performance.now() }
        await this.#origin.wire.publish(kind, 'n', sent)
      }
      if (paceMs > 0) await wait(paceMs)
    }
  }

  /** Fulfilled when each has the last that was published, or has had time enough. */
  async arrived(): Promise<void> {
    const deadline = performance.now() + patienceMs
    const missing = () => this.#readers.some(({ got }) => got.at(-1)?.n !== this.#sent - 1)
    while (missing() && performance.now() < deadline) await wait(5)
  }

  /** What did not come once and in order; empty when everything did. */
  wrongOf({ got }: Reader): string {
    const numbers = got.map(({ n }) => n)
    const lost = this.#sent - new Set(numbers).size
    const repeated = numbers.length - new Set(numbers).size
    const turned = numbers.filter((n, i) => n < (numbers[i - 1] ?? -1)).length
    return lost + repeated + turned === 0 ? '' : `${lost} lost, ${repeated} repeated, ${turned} out of order`
  }
}
