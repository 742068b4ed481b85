/** Runs what shares a lane one after the other, in the order given. Lanes do not wait for each other. */
export class Lanes {
  /** Only while something runs: most of the time nothing does, and an empty map takes its place in memory. */
  #tails: Map<string, Promise<void>> | undefined

  /** `work` must not throw or reject. What is over at once leaves no promise. */
  run(lane: string, work: () => void | Promise<void>): void | Promise<void> {
    const before = this.#tails?.get(lane)
    const mine = before === undefined ? work() : before.then(work)
    if (mine instanceof Promise) return this.#until(lane, mine)
  }

  async #until(lane: string, mine: Promise<void>): Promise<void> {
    const tails = (this.#tails ??= new Map())
    tails.set(lane, mine)
    await mine
    if (tails.get(lane) === mine) tails.delete(lane)
    if (tails.size === 0) this.#tails = undefined
  }
}
