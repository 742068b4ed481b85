/** What a connection has for each of its channels. Most have one, for which a map would take four times the memory. */
export class PerChannel<T extends object> {
  #channel: string | undefined
  #first: T | undefined
  /** Made for the second. */
  #others: Map<string, T> | undefined

  get size(): number {
    return (this.#first ? 1 : 0) + (this.#others?.size ?? 0)
  }

  get all(): readonly T[] {
    const first = this.#first ? [this.#first] : []
    return this.#others ? [...first, ...this.#others.values()] : first
  }

  get(channel: string): T | undefined {
    return channel === this.#channel ? this.#first : this.#others?.get(channel)
  }

  /** Only for a channel that has none. */
  add(channel: string, value: T): void {
    if (this.#first) {
      this.#others ??= new Map()
      this.#others.set(channel, value)
    } else {
      this.#channel = channel
      this.#first = value
    }
  }

  delete(channel: string): void {
    if (channel !== this.#channel) {
      this.#others?.delete(channel)
      return
    }
    this.#channel = undefined
    this.#first = undefined
  }

  clear(): void {
    this.#channel = undefined
    this.#first = undefined
    this.#others = undefined
  }
}
