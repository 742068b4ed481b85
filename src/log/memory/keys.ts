interface Known {
  readonly seq: number
  readonly time: number
  readonly payload: string
  /** When it was set, by the clock that `get` and `forget` are told. */
  readonly at: number
}

/** Publish keys of the last `windowMs`, by digest, by a clock that only goes on. Holds as many as were published within the window. */
export class Keys {
  readonly #windowMs: number
  /** In the order in which they were set. */
  readonly #known = new Map<string, Known>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  get(digest: string, now: number): Known | undefined {
    const known = this.#known.get(digest)
    return known && now - known.at < this.#windowMs ? known : undefined
  }

  set(digest: string, known: Known): void {
    this.#known.delete(digest)
    this.#known.set(digest, known)
  }

  forget(now: number): void {
    for (const [digest, { at }] of this.#known) {
      if (now - at < this.#windowMs) return
      this.#known.delete(digest)
    }
  }
}
