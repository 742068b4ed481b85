import type { Lineage } from './lineage.ts'

/** What a log keeps of a channel (DESIGN.md section 3; `keep: 'none'` never reaches a log). */
export interface Rule {
  readonly keep: 'all' | 'latest'
  /** Messages older than this may be removed. */
  readonly ageMs: number
  /** At most this many messages are kept (`all`), or slots (`latest`). */
  readonly count: number
  /** At most this many bytes of data are kept. */
  readonly bytes: number
  /** `latest`: how long a removal is remembered, so that a reader that was away learns of it. */
  readonly tombstoneMs: number
}

/** JSON as text, or bytes. */
export type Data = string | Uint8Array

/** What a publisher gives. */
export interface NewEntry {
  readonly channel: string
  readonly event: string
  readonly data: Data
  /** `latest`: the value that this replaces; `''` is the channel's only one. Ignored by `all`. */
  readonly slot?: string | undefined
  /** `latest`: removes the slot; the entry itself is the tombstone. */
  readonly removed?: boolean | undefined
  /** Together with the channel: append once within the dedupe window. */
  readonly key?: { readonly principal: string; readonly key: string } | undefined
}

/** What the log gives back. */
export interface Entry {
  readonly seq: number
  readonly channel: string
  readonly event: string
  readonly data: Data
  /** Milliseconds since the Unix epoch, when the log took it. */
  readonly time: number
  /** `all`: sequence of the nearest earlier entry ever appended to the channel; 0: none; undefined: unknown. */
  readonly previous: number | undefined
  /** `latest` only. */
  readonly slot: string | undefined
  readonly removed: boolean
}

export interface Appended {
  readonly seq: number
  /** The key had been used for the same payload: nothing was appended, `seq` is the first answer. */
  readonly duplicate: boolean
  readonly time: number
}

/** From where a channel is read: entries with a greater sequence. */
export interface ChannelCursor {
  readonly channel: string
  readonly after: number
}

export interface ReadLimit {
  readonly entries: number
  /** Data bytes; at least one entry is answered even when it is larger. */
  readonly bytes: number
}

export interface Page {
  /** Every entry still kept of the asked channels in (their `after`, `through`], in sequence order. */
  readonly entries: readonly Entry[]
  /** Proved for all asked channels: fixed before they were read, lowered to where `limit` cut one off. */
  readonly through: number
  /** The asked channels of which something after their `after` has been trimmed. */
  readonly trimmed: readonly Trimmed[]
}

export interface Trimmed {
  readonly channel: string
  /** Greatest sequence removed by retention (`latest`: not what was superseded). A cursor at or past it has lost nothing. */
  readonly through: number
  /** Sequence of the oldest entry still kept, of the newest; undefined when none is. */
  readonly oldest: number | undefined
  readonly head: number | undefined
}

/** One step of the spine: every append of the log in (after, through], in sequence order. */
export interface SpineStep {
  readonly after: number
  readonly through: number
  readonly appends: readonly SpineAppend[]
}

/** `entry` is there when the log has the body at hand; without it the channel is to be read through `seq`. */
export interface SpineAppend {
  readonly seq: number
  readonly channel: string
  readonly entry: Entry | undefined
}

export interface Watcher {
  /** Steps come in order and without a hole. Must not throw. */
  step(step: SpineStep): void
  /** The watch has ended and yields no more: watch again from where the last step ended. */
  lost(error: Error): void
}

export interface HistoryQuery {
  readonly channel: string
  /** Entries with a greater sequence. */
  readonly after?: number
  /** Entries with a smaller sequence. */
  readonly before?: number
  readonly limit: number
  /** The answer ends with the entry by which its data exceeds so many bytes (default: no bound). */
  readonly bytes?: number
  readonly order: 'forward' | 'backward'
}

/**
 * An ordered, bounded, durable record of messages in many channels, numbered by one sequence. The guarantees
 * below are what every store owes; `logContract` in `everwire/testing` proves them.
 *
 * L1  One sequence numbers all entries of all channels: whole numbers from 1, strictly growing in the order of
 *     appending, never given twice within an epoch's lineage.
 * L2  `append` is atomic: all entries of a batch or none, adjacent in sequence, in the order given. When its
 *     promise is fulfilled they are as durable as the store states, and every later `read`, `head` and step sees them.
 * L3  An entry whose (channel, principal, key) was appended within the window is not appended again: the
 *     answer is the first one, with `duplicate`. The same key with another event, data, slot or removal throws
 *     `key-reused`, and nothing of the batch is appended. The key is as durable as the entry, outlives the
 *     entry's trimming, and holds among appends under way.
 * L4  `read` answers every kept entry of the asked channels in (after, through], and none else.
 * L5  `through` is proved: no entry with sequence <= through will appear later. It is the head, or where `limit`
 *     cut the page off: then it is greater than the least `after` given, and may lie before others.
 * L6  `trimmed` names each asked channel of which retention has removed an entry with sequence > its `after`,
 *     and no other: a quiet channel is never named. What `latest` superseded is not trimmed. Retention by count
 *     and bytes is applied by the append itself, and never to the channel's newest entry; age by `sweep`.
 * L7  `latest`: of each slot only the newest entry is kept; a removal is kept for `tombstoneMs`, then forgotten,
 *     which is trimming. Removals and values are counted apart.
 * L8  `watch(after)` yields every append after `after`, in order, without a hole, each once, in steps. A watch that
 *     starts behind the head leaves out what was superseded; of a channel from which something was trimmed since
 *     it yields one append without an entry, at or behind the last of what is missing in that step.
 * L9  Every opening for writing adds an epoch to the lineage, and says whether the tail before it is proved.
 * L10 After `close`, and after a failure that leaves durability unknown, `append` throws `store-unavailable`:
 *     nothing is acknowledged that is not kept.
 * L11 `previous` is the sequence of the nearest earlier entry ever appended in the channel, trimmed or not.
 * L12 Appends take effect in the order of the calls. When one fails for a reason that may pass, those fail with it that were
 *     called after it and before that was told: no later one stands where it would have stood.
 */
export interface Log {
  /** Epochs of this log, oldest first; the last one is current. */
  readonly lineage: Lineage
  /** How long a publish key is remembered. */
  readonly dedupeMs: number
  /** Never throws. A store that has them at once says so at once: a promise costs as much as an append to memory. */
  append(entries: readonly NewEntry[]): readonly Appended[] | Promise<readonly Appended[]>
  read(cursors: readonly ChannelCursor[], limit: ReadLimit): Promise<Page>
  /** Kept entries of one channel, at most `limit` and as far as `bytes` reaches, oldest or newest first. */
  history(query: HistoryQuery): Promise<readonly Entry[]>
  /** The greatest sequence appended; 0 when there is none. A store that knows it at once says it at once. */
  head(): number | Promise<number>
  /** Calls the watcher from now on, never before `watch` has returned. Returns its own stop. */
  watch(after: number, watcher: Watcher): () => void
  /** Applies retention by age and forgets old tombstones and keys. The store calls it itself now and then. */
  sweep(): Promise<void>
  close(): Promise<void>
}
