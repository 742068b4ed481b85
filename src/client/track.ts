import type { ChannelMessage, GapMessage, SnapshotMessage, Start } from '../protocol/messages.ts'
import { sequenceOf } from '../protocol/position.ts'
import { partsOf, type Part } from './position.ts'

/** What to do with a message: hand it on, forget it, subscribe again, or hand it on behind a gap. */
export type Verdict = 'deliver' | 'drop' | 'repair' | 'gap'

/**
 * One channel's continuity (PROTOCOL.md 2.11, 10.2): what has been seen, where to resume, and whether the next
 * message follows. No I/O.
 */
export class Track {
  readonly #start: Start
  /** Everything up to it has been seen, or is covered by a gap that was told. */
  #at: Part | undefined
  /** Only what comes on the subscription that was asked for last counts. */
  #following = false
  #inSnapshot = false
  /** What was asked for last has no position: a snapshot begins it where there is one. */
  #anew = false
  #repaired = false
  /** A new order begins, at a position that is still to come. */
  #reset = false

  constructor(start: Start) {
    this.#start = start
    // Neither "earliest" nor "now" is a position. Floors speak of another list of channels.
    this.#at = this.#place(start.after, -1)
  }

  /** Hand it back as `after`; undefined before the subscription has begun. */
  get position(): string | undefined {
    return this.#at && `${this.#at.shard}${this.#at.seq}-${this.#at.epoch}`
  }

  /** Where to go on. Cut off inside a snapshot, it starts anew: only a whole one says what is no more. */
  resumeFrom(): Start {
    const after = this.#inSnapshot ? undefined : this.position
    this.#anew = after === undefined
    if (this.#inSnapshot) return {}
    return after === undefined ? this.#start : { after }
  }

  /** The subscription has ended or is being made: nothing counts until `started`. */
  pause(): void {
    this.#following = false
  }

  /**
   * The subscription has begun, at `id` if that is told. What was seen before stays seen. False: it was asked for before
   * the snapshot began of which it would have to bring the rest.
   */
  started(id: string | undefined, index = 0): boolean {
    this.#following = true
    this.#reset = false
    if (!this.#at) this.#prove(this.#place(id, index))
    return this.#anew || !this.#inSnapshot
  }

  /** Everything up to here is proved. `index`: the channel's place in the list to which floors refer. */
  proved(parts: readonly Part[], index = 0): void {
    if (this.#following && !this.#inSnapshot) this.#prove(this.#among(parts, index))
  }

  message({ id, previous }: ChannelMessage): Verdict {
    if (!this.#following) return 'drop'
    // A signal has no place in the order.
    const [part] = partsOf(id ?? '')
    if (!part) return 'deliver'
    // A snapshot's messages are older than where the subscription stands.
    const last = this.#inSnapshot || this.#reset ? -1 : (this.#at?.seq ?? -1)
    if (part.seq <= last) return 'drop'
    const follows = previous === undefined || last < 0 || sequenceOf(previous) <= last
    if (!follows && !this.#repaired) {
      this.#repaired = true
      return 'repair'
    }
    this.#repaired = false
    if (this.#inSnapshot) return 'deliver'
    this.#at = part
    this.#reset = false
    return follows ? 'deliver' : 'gap'
  }

  /** A gap that the server tells. */
  gap({ id, after, reason }: GapMessage, index = 0): Verdict {
    if (!this.#following) return 'drop'
    const place = this.#place(id, index)
    // A fixed connection was asked for where the one before it stood, which has gone on meanwhile: perhaps over what
    // is missing here, perhaps into another log.
    if (/^(expired|rights)$/.test(reason)) return !place || this.#prove(place) ? 'deliver' : 'drop'
    if (reason !== 'snapshot' && this.#place(after, index)?.epoch !== this.#at?.epoch) return 'repair'
    // These start a new order, perhaps further back (PROTOCOL.md 2.8).
    if (reason === 'other-log' || reason === 'rolled-back') this.#reset = true
    this.#prove(place)
    return 'deliver'
  }

  /** A mark of a snapshot. */
  snapshot({ phase, id }: SnapshotMessage, index = 0): Verdict {
    if (!this.#following) return 'drop'
    this.#inSnapshot = phase === 'begin'
    const place = phase === 'end' && this.#place(id, index)
    // Wherever it stood before: perhaps in another log, or ahead by a connection that this one has replaced.
    if (place) {
      this.#at = place
      this.#reset = false
    }
    return 'deliver'
  }

  /** Whether it lies ahead. */
  #prove(place: Part | undefined): boolean {
    if (!place || (!this.#reset && place.seq <= (this.#at?.seq ?? -1))) return false
    this.#at = place
    this.#reset = false
    return true
  }

  #place(id: string | undefined, index: number): Part | undefined {
    return this.#among(partsOf(id ?? ''), index)
  }

  // A vector has one part per shard, and the channel's own is known by its messages.
  #among(parts: readonly Part[], index: number): Part | undefined {
    const part = parts.length === 1 ? parts[0] : parts.find(({ shard }) => shard === this.#at?.shard)
    const floor = part?.floors && new RegExp(`\\.${index}:(\\d+)`).exec(part.floors)?.[1]
    return part && { ...part, seq: Math.max(part.seq, Number(floor ?? 0)) }
  }
}
