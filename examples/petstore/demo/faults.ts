const lastsMs = 20_000

export type Fault = 'block' | 'buffer'

/** Which visitor's network is broken how, and until when. */
export class Faults {
  readonly #until = new Map<string, number>()

  begin(visitor: string, fault: Fault): void {
    this.#until.set(`${fault} ${visitor}`, Date.now() + lastsMs)
  }

  /** Milliseconds that a fault still lasts. */
  left(visitor: string, fault: Fault): number {
    const key = `${fault} ${visitor}`
    const left = (this.#until.get(key) ?? 0) - Date.now()
    if (left <= 0) this.#until.delete(key)
    return Math.max(0, left)
  }
}
