/** What has come and what is waited for: nothing is polled, nothing sleeps. */
export class Queue<T> {
  readonly seen: T[] = []
  readonly #fresh: T[] = []
  #waiting: (() => void)[] = []
  #ended: Error | undefined

  push(item: T): void {
    this.seen.push(item)
    this.#fresh.push(item)
    this.#wake()
  }

  /** Whoever waits from now on for what is not there fails. */
  end(why: string): void {
    this.#ended ??= new Error(why)
    this.#wake()
  }

  /** The next one, in order. */
  async next(): Promise<T> {
    for (;;) {
      if (this.#fresh.length > 0) return this.#fresh.shift() as T
      if (this.#ended) throw this.#ended
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** The next that is so; those before it are passed over. */
  async find(wanted: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next()
      if (wanted(item)) return item
    }
  }

  async take(count: number): Promise<T[]> {
    const taken: T[] = []
    while (taken.length < count) taken.push(await this.next())
    return taken
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
