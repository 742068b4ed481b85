/** Pseudo-random numbers from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const settled = Promise.resolve()

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that jumps from one thing to do to the next. */
export class VirtualClock {
  now = 1_000
  #order = 0
  readonly #heap: Due[] = []

  later(ms: number, run: () => void): () => void {
    let off = false
    this.#push({ at: this.now + ms, order: this.#order++, run: () => void (off || run()) })
    return () => void (off = true)
  }

  /** Runs what is due until `until`, and lets promises settle in between. */
  async runUntil(until: number): Promise<void> {
    for (let due = this.#heap[0]; due && due.at <= until; due = this.#heap[0]) {
      this.#pop()
      this.now = due.at
      due.run()
      for (let turn = 0; turn < 8; turn++) await settled
    }
    this.now = until
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]
    const y = this.#heap[b]
    return x !== undefined && y !== undefined && (x.at < y.at || (x.at === y.at && x.order < y.order))
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a]
    const y = this.#heap[b]
    if (x && y) [this.#heap[a], this.#heap[b]] = [y, x]
  }

  #push(due: Due): void {
    this.#heap.push(due)
    for (let i = this.#heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #pop(): void {
    this.#swap(0, this.#heap.length - 1)
    this.#heap.pop()
    for (let i = 0; ;) {
      const left = 2 * i + 1
      const least = this.#before(left + 1, left) ? left + 1 : left
      if (!this.#before(least, i)) return
      this.#swap(i, least)
      i = least
    }
  }
}
