/** Knows whether anything is under way, so that whoever ends it all can wait for it. */
export class UnderWay {
  #count = 0

  get any(): boolean {
    return this.#count > 0
  }

  /** Throws, or rejects, like `work`. */
  run<T>(work: () => T | Promise<T>): T | Promise<T> {
    this.#count++
    let result: T | Promise<T> | undefined
    try {
      result = work()
      return result instanceof Promise ? result.finally(() => this.#count--) : result
    } finally {
      if (!(result instanceof Promise)) this.#count--
    }
  }
}
