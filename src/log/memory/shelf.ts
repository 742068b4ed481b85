import type { Entry } from '../log.ts'

/** Entries in sequence order: cheap to add to and to take from at the old end; holes are closed when they prevail. */
export class Shelf {
  #seqs: number[] = []
  #entries: (Entry | undefined)[] = []
  #start = 0
  #held = 0

  get held(): number {
    return this.#held
  }

  push(entry: Entry): void {
    this.#seqs.push(entry.seq)
    this.#entries.push(entry)
    this.#held++
  }

  remove(seq: number): void {
    const index = this.#indexAfter(seq - 1)
    if (this.#seqs[index] !== seq || this.#entries[index] === undefined) return
    this.#entries[index] = undefined
    this.#held--
    while (this.#start < this.#entries.length && this.#entries[this.#start] === undefined) this.#start++
    // Amortised: closing the holes costs no more than it took to make them.
    if (this.#entries.length > 32 && this.#entries.length > this.#held * 2) this.#closeHoles()
  }

  get oldest(): Entry | undefined {
    return this.#entries[this.#start]
  }

  get newest(): Entry | undefined {
    return this.before(Infinity)()
  }

  /** Takes the entries with a greater sequence, oldest first. */
  after(seq: number): () => Entry | undefined {
    let index = this.#indexAfter(seq)
    return () => {
      while (index < this.#entries.length) {
        const entry = this.#entries[index++]
        if (entry) return entry
      }
      return undefined
    }
  }

  /** Takes the entries with a smaller sequence, newest first. */
  before(seq: number): () => Entry | undefined {
    let index = this.#indexAfter(seq - 1)
    return () => {
      while (index > this.#start) {
        const entry = this.#entries[--index]
        if (entry) return entry
      }
      return undefined
    }
  }

  #indexAfter(seq: number): number {
    let low = this.#start
    let high = this.#seqs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#seqs[middle] ?? Infinity) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }

  #closeHoles(): void {
    const entries: Entry[] = []
    for (const entry of this.#entries) if (entry) entries.push(entry)
    this.#entries = entries
    this.#seqs = entries.map(({ seq }) => seq)
    this.#start = 0
  }
}
