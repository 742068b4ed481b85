import type { Entry } from '../log.ts'

/** Entries in sequence order: cheap to add to and to take from at the old end; holes are closed when they prevail. */
export class Shelf {
  /** Of an entry that was removed its sequence stays. */
  #places: (Entry | number)[] = []
  #start = 0
  #held = 0

  get held(): number {
    return this.#held
  }

  push(entry: Entry): void {
    this.#places.push(entry)
    this.#held++
  }

  remove(seq: number): void {
    // Mostly the oldest goes: no look at entries that are in nobody's cache.
    const index = this.oldest?.seq === seq ? this.#start : this.#indexAfter(seq - 1)
    if (this.#at(index)?.seq !== seq) return
    this.#places[index] = seq
    this.#held--
    while (typeof this.#places[this.#start] === 'number') this.#start++
    // Amortised: closing the holes costs no more than it took to make them.
    if (this.#places.length > 32 && this.#places.length > this.#held * 2) this.#closeHoles()
  }

  get oldest(): Entry | undefined {
    return this.#at(this.#start)
  }

  get newest(): Entry | undefined {
    return this.before(Infinity)()
  }

  /** Takes the entries with a greater sequence, oldest first. */
  after(seq: number): () => Entry | undefined {
    let index = this.#indexAfter(seq)
    return () => {
      while (index < this.#places.length) {
        const entry = this.#at(index++)
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
        const entry = this.#at(--index)
        if (entry) return entry
      }
      return undefined
    }
  }

  #at(index: number): Entry | undefined {
    const place = this.#places[index]
    return typeof place === 'number' ? undefined : place
  }

  #indexAfter(seq: number): number {
    let low = this.#start
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const place = this.#places[middle] ?? Infinity
      if ((typeof place === 'number' ? place : place.seq) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }

  #closeHoles(): void {
    this.#places = this.#places.filter((place) => typeof place !== 'number')
    this.#start = 0
  }
}
