/** Judges a stream of numbers that rise by one. A number that comes late was not lost, one that comes again is doubled. */
export class Count {
  #next: number | undefined
  readonly #missing = new Set<number>()
  received = 0
  doubled = 0
  /** Came after a higher number. */
  late = 0

  get lost(): number {
    return this.#missing.size
  }

  /** The highest number that has come. */
  get highest(): number {
    return (this.#next ?? 1) - 1
  }

  take(n: number): void {
    const next = this.#next ?? n
    if (n >= next) {
      for (let missing = next; missing < n; missing++) this.#missing.add(missing)
      this.#next = n + 1
      this.received++
    } else if (this.#missing.delete(n)) {
      this.received++
      this.late++
    } else this.doubled++
  }

  /** The stream begins anew: its server has said that the log is another one. */
  restart(): void {
    this.#next = undefined
  }
}
