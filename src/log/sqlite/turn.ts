/**
 * A turn of the main thread whose appends come in parts, as the writer sees it: the writer begins with the first part, and
 * need not commit before it has the last one. Nobody hears of a commit before the turn has ended.
 */
export class Turn {
  /** Grows with each part of the turn under way; 0 when it has ended. */
  readonly #parts: Int32Array

  constructor(shared: SharedArrayBuffer) {
    this.#parts = new Int32Array(shared)
  }

  static shared(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  }

  /** Sends a part; more may follow. */
  part(send: () => void): void {
    // Before it is sent: the system may let the writer run first, and that is not to find the turn ended.
    Atomics.add(this.#parts, 0, 1)
    send()
    Atomics.add(this.#parts, 0, 1)
    Atomics.notify(this.#parts, 0)
  }

  /** All of the turn has been sent. */
  ended(): void {
    Atomics.store(this.#parts, 0, 0)
    Atomics.notify(this.#parts, 0)
  }

  /** What `take` gives as soon as it gives anything; nothing when the turn has ended, or after `ms`. Blocks the thread. */
  next<Item>(take: () => readonly Item[], ms: number): readonly Item[] {
    const until = performance.now() + ms
    for (;;) {
      // Before it looks: what is sent after that ends the wait.
      const parts = Atomics.load(this.#parts, 0)
      const taken = take()
      if (taken.length > 0 || parts === 0) return taken
      const left = until - performance.now()
      if (left <= 0) return taken
      Atomics.wait(this.#parts, 0, parts, left)
    }
  }
}
