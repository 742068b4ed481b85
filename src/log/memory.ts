import { keyDigest, payloadDigest } from './digest.ts'
import { epochName, Lineage } from './lineage.ts'
import type {
  Appended,
  ChannelCursor,
  Entry,
  HistoryQuery,
  Log,
  NewEntry,
  Page,
  ReadLimit,
  Rule,
  SpineAppend,
  Watcher,
} from './log.ts'
import { MemoryChannel } from './memory/channel.ts'
import { Keys } from './memory/keys.ts'
import { MemorySpine } from './memory/spine.ts'
import { merge, sizeOf } from './merge.ts'
import { keyReused, logClosed } from './refusals.ts'

export interface MemoryLogOptions {
  /** What is kept of a channel; asked once a channel. */
  readonly rules: (channel: string) => Rule
  /** How long a publish key is remembered (default 5 minutes). */
  readonly dedupeMs?: number
  /** How often retention by age is applied (default 10 seconds). */
  readonly sweepMs?: number
  /** What the time is, and what measures the window of the keys (default: the clock of the day, and one that nobody sets). */
  readonly now?: () => number
}

/** A log in this process' memory: it ends with the process, and whoever resumes after that is told so. */
export function memoryLog(options: MemoryLogOptions): Log {
  return new MemoryLog(options)
}

/** A publish key, and what was published with it. */
interface Keyed {
  readonly digest: string
  readonly payload: string
}

class MemoryLog implements Log {
  readonly lineage = new Lineage([{ name: epochName(), first: 1, proved: true }])
  readonly dedupeMs: number
  readonly #rules: (channel: string) => Rule
  readonly #now: () => number
  readonly #elapsed: () => number
  readonly #channels = new Map<string, MemoryChannel>()
  readonly #keys: Keys
  readonly #spine = new MemorySpine((after, through) => this.#spineAfter(after, through))
  readonly #timer: NodeJS.Timeout
  #head = 0
  #closed = false

  constructor({ rules, dedupeMs = 300_000, sweepMs = 10_000, now }: MemoryLogOptions) {
    this.dedupeMs = dedupeMs
    this.#rules = rules
    this.#now = now ?? Date.now
    this.#elapsed = now ?? (() => performance.now())
    this.#keys = new Keys(dedupeMs)
    this.#timer = setInterval(() => this.#sweep(), sweepMs)
    this.#timer.unref()
  }

  append(entries: readonly NewEntry[]): readonly Appended[] | Promise<never> {
    try {
      this.#assertOpen()
      return this.#append(entries)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async read(cursors: readonly ChannelCursor[], limit: ReadLimit): Promise<Page> {
    this.#assertOpen()
    const known = cursors.flatMap(({ channel: name, after }) => {
      const channel = this.#channels.get(name)
      return channel ? [{ channel, after }] : []
    })
    const { entries, cut } = merge(
      known.map(({ channel, after }) => channel.after(after)),
      limit,
    )
    return {
      entries,
      through: cut ? (entries.at(-1)?.seq ?? 0) : this.#head,
      trimmed: known
        .filter(({ channel, after }) => channel.trimmedThrough > after)
        .map(({ channel }) => channel.trimmed()),
    }
  }

  async history({
    channel: name,
    after = 0,
    before = Infinity,
    limit,
    bytes = Infinity,
    order,
  }: HistoryQuery) {
    this.#assertOpen()
    const channel = this.#channels.get(name)
    const take = order === 'forward' ? channel?.after(after) : channel?.before(before)
    const entries: Entry[] = []
    for (let size = 0; entries.length < limit && size <= bytes;) {
      const entry = take?.()
      if (!entry || entry.seq <= after || entry.seq >= before) break
      entries.push(entry)
      size += sizeOf(entry.data)
    }
    return entries
  }

  head(): number | Promise<number> {
    return this.#closed ? Promise.reject(logClosed()) : this.#head
  }

  watch(after: number, watcher: Watcher): () => void {
    if (!this.#closed) return this.#spine.watch(after, watcher)
    queueMicrotask(() => watcher.lost(logClosed()))
    return () => {}
  }

  async sweep(): Promise<void> {
    this.#assertOpen()
    this.#sweep()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    this.#spine.close(logClosed())
    this.#channels.clear()
  }

  // Hot path: once per publish.
  #append(entries: readonly NewEntry[]): readonly Appended[] {
    const now = this.#now()
    // What may be refused is refused before any of it is kept: for the rule of a channel, or for a key.
    if (entries.length > 1) for (const { channel } of entries) this.#channel(channel)
    if (!entries.some(({ key }) => key)) return entries.map((entry) => this.#add(entry, now))
    const elapsed = this.#elapsed()
    const keyed = this.#keyed(entries, elapsed)
    return entries.map((entry, i) => this.#addOnce(entry, keyed[i], now, elapsed))
  }

  /** Throws when a key was used for something else, before or in this batch. */
  #keyed(entries: readonly NewEntry[], elapsed: number): readonly (Keyed | undefined)[] {
    const batch = new Map<string, string>()
    return entries.map((entry) => {
      if (!entry.key) return undefined
      const digest = keyDigest(entry.channel, entry.key)
      const payload = payloadDigest(entry, this.#channel(entry.channel).rule.keep)
      const known = batch.get(digest) ?? this.#keys.get(digest, elapsed)?.payload
      if (known !== undefined && known !== payload) throw keyReused(entry.channel, entry.key.key)
      batch.set(digest, payload)
      return { digest, payload }
    })
  }

  #addOnce(entry: NewEntry, keyed: Keyed | undefined, now: number, elapsed: number): Appended {
    const known = keyed && this.#keys.get(keyed.digest, elapsed)
    if (known) return { seq: known.seq, duplicate: true, time: known.time }
    const added = this.#add(entry, now)
    const { seq, time } = added
    if (keyed) this.#keys.set(keyed.digest, { seq, time, payload: keyed.payload, at: elapsed })
    return added
  }

  // Hot path: once per message.
  #add(entry: NewEntry, time: number): Appended {
    const channel = this.#channel(entry.channel)
    const latest = channel.rule.keep === 'latest'
    const seq = ++this.#head
    const kept: Entry = {
      seq,
      // Each publish brings a text of its own with this name: one is enough to keep.
      channel: channel.name,
      event: entry.event,
      data: entry.data,
      time,
      previous: latest ? undefined : channel.last,
      slot: latest ? (entry.slot ?? '') : undefined,
      removed: latest && (entry.removed ?? false),
    }
    channel.add(kept)
    this.#spine.push(kept)
    return { seq, duplicate: false, time }
  }

  #channel(name: string): MemoryChannel {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, (channel = new MemoryChannel(name, this.#rules(name))))
    return channel
  }

  #sweep(): void {
    const now = this.#now()
    this.#keys.forget(this.#elapsed())
    for (const channel of this.#channels.values()) channel.expire(now)
  }

  #spineAfter(after: number, through: number): readonly SpineAppend[] {
    const appends: SpineAppend[] = []
    for (const channel of this.#channels.values()) {
      if (channel.trimmedThrough > after) {
        appends.push({
          seq: Math.min(channel.trimmedThrough, through),
          channel: channel.name,
          entry: undefined,
        })
      }
      const take = channel.after(after)
      for (let entry = take(); entry && entry.seq <= through; entry = take()) {
        appends.push({ seq: entry.seq, channel: channel.name, entry })
      }
    }
    return appends.sort((a, b) => a.seq - b.seq)
  }

  #assertOpen(): void {
    if (this.#closed) throw logClosed()
  }
}
