const remembered = 2_000

/**
 * Judges the continuity of one channel from what the messages say of themselves, without asking the SDK: each
 * names the message before it.
 */
export class Chain {
  #last: string | undefined
  readonly #ids = new Set<string>()

  take(id: string, previous: string | undefined): { readonly lost: number; readonly doubled: number } {
    if (this.#ids.has(id)) return { lost: 0, doubled: 1 }
    const isBroken = this.#last !== undefined && previous !== undefined && previous !== this.#last
    this.#last = id
    this.#ids.add(id)
    for (const oldest of this.#ids) {
      if (this.#ids.size <= remembered) break
      this.#ids.delete(oldest)
    }
    // At least one: how many were between the two is not known.
    return { lost: isBroken ? 1 : 0, doubled: 0 }
  }
}
