/** Knows whether anything is under way, so that whoever ends it all can wait for it. */
export class UnderWay {
  #count = 0
  readonly #ended = () => void this.#count--

  get any(): boolean {
    return this.#count > 0
  }

  /** Throws, or rejects, like `work`. */
  run<T>(work: () => T | Promise<T>): T | Promise<T> {
    this.#count++
    let result: T | Promise<T> | undefined
    try {
      result = work()
      // Hot path: a `finally` of the promise would make four more and some functions.
      if (result instanceof Promise) void result.then(this.#ended, this.#ended)
      return result
    } finally {
      if (!(result instanceof Promise)) this.#count--
    }
  }
}
