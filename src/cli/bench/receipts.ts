const blockSize = 1_024

/** Which of a channel's publishes a subscriber has got. A block that is whole takes no room. */
export class Receipts {
  readonly #open = new Map<number, { left: number; readonly seen: Uint8Array }>()
  readonly #whole = new Set<number>()
  count = 0

  /** False when it was there already. Hot path: once per delivery. */
  add(n: number): boolean {
    const index = Math.floor(n / blockSize)
    if (this.#whole.has(index)) return false
    let block = this.#open.get(index)
    if (!block) this.#open.set(index, (block = { left: blockSize, seen: new Uint8Array(blockSize) }))
    const at = n % blockSize
    if (block.seen[at] === 1) return false
    block.seen[at] = 1
    this.count++
    if (--block.left === 0) {
      this.#open.delete(index)
      this.#whole.add(index)
    }
    return true
  }

  /** What is missing of the first `end`, as ranges [from, to). */
  missing(end: number): [from: number, to: number][] {
    const ranges: [number, number][] = []
    const lacks = (from: number, to: number) => {
      const last = ranges.at(-1)
      if (last && last[1] === from) last[1] = to
      else ranges.push([from, to])
    }
    for (let from = 0; from < end; from += blockSize) {
      const index = from / blockSize
      if (this.#whole.has(index)) continue
      const to = Math.min(end, from + blockSize)
      const seen = this.#open.get(index)?.seen
      if (!seen) lacks(from, to)
      else for (let n = from; n < to; n++) if (seen[n - from] === 0) lacks(n, n + 1)
    }
    return ranges
  }
}
