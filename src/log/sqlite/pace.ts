/** What a slice of retention may take: so long a publish that comes just then waits for it. */
const sliceMs = 5
const fewest = 32
const most = 2_000

/**
 * How many rows a slice of retention removes: as many as `sliceMs` allows, by the clock and as the last slices went,
 * but no fewer than keep up with what is published, however slow the disk is.
 */
export class Pace {
  readonly #clock: () => number
  #rows = 200
  #published = 0
  #removed = 0
  #began = 0

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  published(): void {
    this.#published++
  }

  removed(rows: number): void {
    this.#removed += rows
  }

  /** Begins a slice. */
  begin(): void {
    this.#began = this.#clock()
    this.#removed = 0
  }

  /** How many rows the slice may still remove. */
  left(): number {
    const late = this.#clock() - this.#began > sliceMs
    const least = Math.max(fewest, this.#published * 2)
    return Math.max(0, (late ? least : Math.max(least, this.#rows)) - this.#removed)
  }

  /** Ends a slice: it is committed. */
  end(): void {
    const took = this.#clock() - this.#began
    this.#published = 0
    if (took > sliceMs) this.#rows = Math.max(fewest, this.#rows >> 1)
    else if (took < sliceMs / 2 && this.#removed >= this.#rows) this.#rows = Math.min(most, this.#rows * 2)
  }
}
