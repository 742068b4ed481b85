import { signal } from '@preact/signals'
import { Count } from './count.ts'

export interface Totals {
  readonly received: number
  readonly lost: number
  readonly doubled: number
  /** Came after a reconnect, and was published before it. */
  readonly recovered: number
  /** Came after a later one. */
  readonly late: number
  /** How often the server said that something is missing. */
  readonly gaps: number
}

const nothing: Totals = { received: 0, lost: 0, doubled: 0, recovered: 0, late: 0, gaps: 0 }

/** What this page counted for itself: the numbers of the ticker, and the chains of all other channels. */
class Tally {
  readonly totals = signal(nothing)
  readonly ticks = new Count()
  #chains = { received: 0, lost: 0, doubled: 0 }
  #recovered = 0
  #gaps = 0
  #isStale = false

  tick(n: number, isRecovered: boolean): void {
    this.ticks.take(n)
    if (isRecovered) this.#recovered++
    this.#show()
  }

  chain({ lost, doubled }: { readonly lost: number; readonly doubled: number }): void {
    this.#chains.received += 1 - doubled
    this.#chains.lost += lost
    this.#chains.doubled += doubled
    this.#show()
  }

  gap(): void {
    this.#gaps++
    this.#show()
  }

  /** The totals as they are now, not as they were last drawn. */
  now(): Totals {
    const { received, lost, doubled } = this.#chains
    return {
      received: received + this.ticks.received,
      lost: lost + this.ticks.lost,
      doubled: doubled + this.ticks.doubled,
      recovered: this.#recovered,
      late: this.ticks.late,
      gaps: this.#gaps,
    }
  }

  // A burst is a thousand messages: one drawing for all that come in a frame.
  #show(): void {
    if (this.#isStale) return
    this.#isStale = true
    setTimeout(() => {
      this.#isStale = false
      this.totals.value = this.now()
    }, 16)
  }
}

export const tally = new Tally()
