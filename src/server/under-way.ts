/** Knows whether anything is under way, so that whoever ends it all can wait for it. */
export class UnderWay {
  #count = 0

  get any(): boolean {
    return this.#count > 0
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#count++
    try {
      return await work()
    } finally {
      this.#count--
    }
  }
}
