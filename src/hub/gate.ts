/**
 * Lets so many through in a turn of the event loop, in the order in which they came: however many come back at once, the
 * turns stay short, and what is live goes between. Counted, not timed: those who come back together share nearly all of the
 * work, and so cost alike.
 */
export class Gate {
  readonly #perTurn: number
  readonly #defer: (run: () => void) => void
  readonly #between: () => void
  readonly #waiting: (() => void)[] = []
  #left: number
  #deferred = false

  /** `defer` runs at the end of the turn; `between` does what must not wait while one turn brings more and more. */
  constructor(perTurn: number, defer: (run: () => void) => void, between: () => void) {
    this.#perTurn = perTurn
    this.#left = perTurn
    this.#defer = defer
    this.#between = between
  }

  /** Whether there is room in this turn, which is then taken: nobody waits while there is. */
  enters(): boolean {
    if (this.#left === 0) return false
    this.#awaitTurn()
    this.#left--
    return true
  }

  /** Runs `enter`, which must not throw, now or when it is its turn. */
  admit(enter: () => void): void {
    if (this.enters()) {
      enter()
      return
    }
    this.#awaitTurn()
    this.#waiting.push(enter)
    // libuv hands over what up to 49,000 sockets have sent before it lets a turn end. Not at once: whoever waits here may
    // be about to say where others begin.
    if (this.#waiting.length % this.#perTurn === 0) queueMicrotask(this.#between)
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
    for (const enter of admitted) enter()
  }
}
