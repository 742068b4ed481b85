import type { Entry, Rule, Trimmed } from '../log.ts'
import { sizeOf } from '../merge.ts'
import { Shelf } from './shelf.ts'

const noSlots = new Map<string, Entry>()

/** What a memory log keeps of one channel, within the bounds of its rule. */
export class MemoryChannel {
  readonly name: string
  readonly rule: Rule
  readonly #shelf = new Shelf()
  /** `latest`: slots in the order of their sequences, values and removals apart. */
  readonly #values: Map<string, Entry>
  readonly #tombstones: Map<string, Entry>
  #bytes = 0
  /** The newest entry ever appended. */
  last = 0
  /** The greatest sequence that retention has removed. */
  trimmedThrough = 0

  constructor(name: string, rule: Rule) {
    this.name = name
    this.rule = rule
    // Most channels have no slots, and there may be a hundred thousand of them.
    this.#values = rule.keep === 'latest' ? new Map() : noSlots
    this.#tombstones = rule.keep === 'latest' ? new Map() : noSlots
  }

  add(entry: Entry): void {
    this.last = entry.seq
    if (entry.slot !== undefined) this.#replaceSlot(entry, entry.slot)
    this.#shelf.push(entry)
    this.#bytes += sizeOf(entry.data)
    this.#applyCount()
    this.#applyBytes()
  }

  /** Removes what is too old; tombstones by their own time. */
  expire(now: number): void {
    const { ageMs, tombstoneMs } = this.rule
    const old = (entry: Entry | undefined, ms: number) => entry !== undefined && now - entry.time > ms
    for (let entry = this.#oldestTombstone(); entry && old(entry, tombstoneMs);) {
      this.#trim(entry)
      entry = this.#oldestTombstone()
    }
    for (let entry = this.#oldestValue(); entry && old(entry, ageMs);) {
      this.#trim(entry)
      entry = this.#oldestValue()
    }
  }

  /** Takes the kept entries in (after, through], oldest first. */
  after(seq: number): () => Entry | undefined {
    return this.#shelf.after(seq)
  }

  /** Takes the kept entries before a sequence, newest first. */
  before(seq: number): () => Entry | undefined {
    return this.#shelf.before(seq)
  }

  trimmed(): Trimmed {
    const { oldest, newest } = this.#shelf
    return { channel: this.name, through: this.trimmedThrough, oldest: oldest?.seq, head: newest?.seq }
  }

  #replaceSlot(entry: Entry, slot: string): void {
    const before = this.#values.get(slot) ?? this.#tombstones.get(slot)
    if (before) this.#drop(before)
    const slots = entry.removed ? this.#tombstones : this.#values
    slots.set(slot, entry)
  }

  #applyCount(): void {
    const { count, keep } = this.rule
    if (keep === 'all') {
      while (this.#shelf.held > count && this.#trimOldest(this.#shelf.oldest));
      return
    }
    // Apart, so that a storm of removals does not push out values.
    while (this.#tombstones.size > count && this.#trimOldest(this.#oldestTombstone()));
    while (this.#values.size > count && this.#trimOldest(this.#oldestValue()));
  }

  #applyBytes(): void {
    while (this.#bytes > this.rule.bytes) {
      if (!this.#trimOldest(this.#oldestTombstone()) && !this.#trimOldest(this.#oldestValue())) return
    }
  }

  /** The newest entry always stays: whoever published it was told that it is kept. */
  #trimOldest(entry: Entry | undefined): boolean {
    if (!entry || entry.seq === this.last) return false
    this.#trim(entry)
    return true
  }

  #trim(entry: Entry): void {
    this.#drop(entry)
    this.trimmedThrough = Math.max(this.trimmedThrough, entry.seq)
  }

  #drop(entry: Entry): void {
    this.#shelf.remove(entry.seq)
    this.#bytes -= sizeOf(entry.data)
    if (entry.slot === undefined) return
    const slots = entry.removed ? this.#tombstones : this.#values
    slots.delete(entry.slot)
  }

  #oldestValue(): Entry | undefined {
    return this.rule.keep === 'all' ? this.#shelf.oldest : this.#values.values().next().value
  }

  #oldestTombstone(): Entry | undefined {
    return this.#tombstones.values().next().value
  }
}
