import type { Frame } from './frame.ts'
import { emptyRun, Run } from './run.ts'

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

/** Readers stand at a few places of a channel at most: some lag by a turn. */
const mostPlaces = 8

interface Place {
  readonly after: number
  readonly through: number
  readonly run: Run
}

const nothing: readonly Place[] = []

/**
 * A channel's newest frames on this node: all of its messages in (floor, hub.through], and the readers that want
 * them. What lies at or below `floor` is in the log only.
 */
export class Topic {
  readonly channel: string
  readonly readers = new Set<Listener>()
  /** Signals of this turn (`keep: 'none'`), dropped once they were offered to every reader. */
  signals: Frame[] | undefined
  #floor: number
  #frames: Frame[] = []
  #bytes = 0
  // A process may have a hundred thousand channels: what most of them never fill is made when it is needed.
  #slots: Map<string, Frame> | undefined
  readonly #budget: MemoryBudget
  /** What was taken since the last message. */
  #taken = nothing

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
    const { slot } = frame
    if (slot !== undefined) {
      this.#slots ??= new Map()
      const before = this.#slots.get(slot)
      if (before) before.superseded = true
      this.#slots.set(slot, frame)
    }
    this.#frames.push(frame)
    this.#bytes += frame.size
    this.#budget.used += frame.size
    this.#taken = nothing
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

  /** The frames with a sequence in (after, through], without those superseded. Hot path: once per reader per turn. */
  between(after: number, through: number): Run {
    for (const place of this.#taken) {
      if (place.after === after && place.through === through) return place.run
    }
    const frames = this.#frames.slice(this.#indexAfter(after), this.#indexAfter(through))
    const found = this.#slots ? frames.filter(({ superseded }) => !superseded) : frames
    if (found.length === 0) return emptyRun
    // Who is alone shares with nobody, and what is kept only for its sake the collector would have to carry.
    if (this.readers.size < 2) return new Run(found, false)
    const run = new Run(found)
    const others = this.#taken.length < mostPlaces ? this.#taken : nothing
    this.#taken = [...others, { after, through, run }]
    return run
  }

  /** Of the first frame with a greater sequence. */
  #indexAfter(after: number): number {
    // Mostly the newest is all that is wanted, or nothing: no look at frames that are in nobody's cache.
    let low = 0
    let high = this.#frames.length
    if ((this.#frames.at(-1)?.seq ?? 0) <= after) return high
    if ((this.#frames.at(-2)?.seq ?? 0) <= after) return high - 1
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
    this.#taken = nothing
    for (const frame of gone) {
      this.#bytes -= frame.size
      this.#budget.used -= frame.size
      const { slot } = frame
      if (slot !== undefined && this.#slots?.get(slot) === frame) this.#slots.delete(slot)
    }
  }
}
