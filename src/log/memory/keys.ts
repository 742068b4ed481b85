interface Known {
  readonly seq: number
  readonly time: number
  readonly payload: string
}

/** Publish keys of the last `windowMs`, by digest. Holds as many as were published within the window. */
export class Keys {
  readonly #windowMs: number
  /** In the order of their times. */
  readonly #known = new Map<string, Known>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  get(digest: string, now: number): Known | undefined {
    const known = this.#known.get(digest)
    return known && now - known.time < this.#windowMs ? known : undefined
  }

  set(digest: string, known: Known): void {
    this.#known.delete(digest)
    this.#known.set(digest, known)
  }

  forget(now: number): void {
    for (const [digest, { time }] of this.#known) {
      if (now - time < this.#windowMs) return
      this.#known.delete(digest)
    }
  }
}
