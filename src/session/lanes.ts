/** Runs what shares a lane one after the other, in the order given. Lanes do not wait for each other. */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>()

  /** `work` must not reject. */
  async run(lane: string, work: () => Promise<void>): Promise<void> {
    const before = this.#tails.get(lane)
    const mine = before === undefined ? work() : before.then(work)
    this.#tails.set(lane, mine)
    await mine
    if (this.#tails.get(lane) === mine) this.#tails.delete(lane)
  }
}
