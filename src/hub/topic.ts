import type { Frame } from './frame.ts'
import type { WireFormat } from './format.ts'

/** What the hub may hold in memory. Past it the oldest frames go, and readers that need them use the log. */
export interface MemoryLimits {
  /** Frames of one channel. */
  readonly frames: number
  /** Bytes of one channel. */
  readonly bytes: number
  /** Bytes of all channels of this node. */
  readonly total: number
}

export const defaultMemory: MemoryLimits = { frames: 512, bytes: 256 * 1024, total: 64 * 1024 * 1024 }

/** What all channels of this node hold together. */
export class MemoryBudget {
  used = 0
  readonly limits: MemoryLimits
  constructor(limits: MemoryLimits) {
    this.limits = limits
  }
}

/** Who wants to know that a channel has something new. */
export interface Listener {
  wake(): void
  /** Offers a `keep: 'none'` message, which may be dropped. */
  signal(frame: Frame): void
}

/**
 * A channel's newest frames on this node: all of its messages in (floor, hub.through], and the readers that want
 * them. What lies at or below `floor` is in the log only.
 */
export class Topic {
  readonly channel: string
  readonly readers = new Set<Listener>()
  /** Signals of this turn (`keep: 'none'`), dropped once they were offered to every reader. */
  signals: Frame[] = []
  #floor: number
  #frames: Frame[] = []
  #bytes = 0
  readonly #slots = new Map<string, Frame>()
  readonly #budget: MemoryBudget
  #recent: { readonly after: number; readonly through: number; readonly frames: readonly Frame[] } | undefined
  #joined: {
    readonly format: WireFormat
    readonly first: Frame
    readonly last: Frame
    readonly bytes: Uint8Array
  }[] = []

  constructor(channel: string, floor: number, budget: MemoryBudget) {
    this.channel = channel
    this.#floor = floor
    this.#budget = budget
  }

  get floor(): number {
    return this.#floor
  }

  /** The channel's next message, in sequence order. */
  push(frame: Frame): void {
    const { slot } = frame.message
    if (slot !== undefined) {
      const before = this.#slots.get(slot)
      if (before) before.superseded = true
      this.#slots.set(slot, frame)
    }
    this.#frames.push(frame)
    this.#bytes += frame.size
    this.#budget.used += frame.size
    this.#forget()
    const { limits } = this.#budget
    let evict = 0
    let bytes = this.#bytes
    while (this.#frames.length - evict > limits.frames || bytes > limits.bytes) {
      const oldest = this.#frames[evict]
      if (!oldest || oldest === frame) break
      bytes -= oldest.size
      evict++
    }
    if (evict > 0) this.#evict(evict)
    if (this.#budget.used > limits.total) this.#evict(this.#frames.length)
  }

  /** A message of this channel whose body is in the log only: memory begins anew behind it. */
  skip(seq: number): void {
    this.#evict(this.#frames.length)
    this.#floor = Math.max(this.#floor, seq)
  }

  /** Gives its memory back. */
  clear(): void {
    this.#evict(this.#frames.length)
  }

  /** The frames with a sequence in (after, through], without those superseded. Hot path, as `join`. */
  between(after: number, through: number): readonly Frame[] {
    const recent = this.#recent
    if (recent && recent.after === after && recent.through === through) return recent.frames
    const found: Frame[] = []
    for (let i = this.#indexAfter(after); i < this.#frames.length; i++) {
      const frame = this.#frames[i]
      if (!frame || frame.seq > through) break
      if (!frame.superseded) found.push(frame)
    }
    this.#recent = { after, through, frames: found }
    return found
  }

  /**
   * The bytes of those frames as one buffer. Hot path: once per reader per turn; readers at the same place, which
   * is nearly all of them, share it.
   */
  join(frames: readonly Frame[], format: WireFormat): Uint8Array {
    const [first] = frames
    const last = frames.at(-1)
    if (!first || !last) return empty
    if (first === last) return first.bytes(format)
    for (const joined of this.#joined) {
      if (joined.format === format && joined.first === first && joined.last === last) return joined.bytes
    }
    const parts = frames.map((frame) => frame.bytes(format))
    const bytes = format.join ? format.join(parts) : Buffer.concat(parts)
    // A few readers lag by a few messages: that many joints are worth keeping, no more.
    if (this.#joined.length < 8) this.#joined.push({ format, first, last, bytes })
    return bytes
  }

  #forget(): void {
    this.#recent = undefined
    this.#joined = []
  }

  // Binary search: the first frame with a sequence > after.
  #indexAfter(after: number): number {
    let low = 0
    let high = this.#frames.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#frames[middle]?.seq ?? Infinity) <= after) low = middle + 1
      else high = middle
    }
    return low
  }

  #evict(count: number): void {
    const gone = this.#frames.splice(0, count)
    const last = gone.at(-1)
    if (!last) return
    // Never the first frame still held: what is asked from `floor` on must all be here.
    this.#floor = last.seq
    this.#forget()
    for (const frame of gone) {
      this.#bytes -= frame.size
      this.#budget.used -= frame.size
      const { slot } = frame.message
      if (slot !== undefined && this.#slots.get(slot) === frame) this.#slots.delete(slot)
    }
  }
}

const empty = new Uint8Array(0)
