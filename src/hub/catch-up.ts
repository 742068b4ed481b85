/**
 * Admits readers to the log, so many a turn of the event loop: however many come back at once, the turns stay short and what
 * is live goes between. Counted, not timed: a page that many want is read, encoded and joined once, and so they cost alike.
 */
export class CatchUp {
  readonly #perTurn: number
  readonly #defer: (run: () => void) => void
  readonly #between: () => void
  readonly #waiting: (() => void)[] = []
  #left: number
  #deferred = false

  /** `defer` runs at the end of the turn; `between` does what must not wait while a turn asks for more than it may have. */
  constructor(perTurn: number, defer: (run: () => void) => void, between: () => void) {
    this.#perTurn = perTurn
    this.#left = perTurn
    this.#defer = defer
    this.#between = between
  }

  /** Runs `read` now, or when its turn has come. */
  admit(read: () => void): void {
    this.#awaitTurn()
    if (this.#left > 0) {
      this.#left--
      read()
      return
    }
    this.#waiting.push(read)
    // libuv hands over what thousands of sockets have sent before the turn ends.
    if (this.#waiting.length % this.#perTurn === 0) this.#between()
  }

  #awaitTurn(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#defer(() => this.#turn())
  }

  #turn(): void {
    this.#deferred = false
    const admitted = this.#waiting.splice(0, this.#perTurn)
    this.#left = this.#perTurn - admitted.length
    if (admitted.length > 0) this.#awaitTurn()
    for (const read of admitted) read()
  }
}
