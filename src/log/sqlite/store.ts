import type { DatabaseSync } from 'node:sqlite'
import { keyDigest, payloadDigest } from '../digest.ts'
import type { NewEntry, Rule } from '../log.ts'
import { sizeOf } from '../merge.ts'
import { keyReused } from '../refusals.ts'
import { Channels, type ChannelState } from './channels.ts'
import { assertWhole, checksumOf, entryChecksum } from './checksum.ts'
import { Pace } from './pace.ts'
import { Inserts } from './inserts.ts'
import type { UnpackedAppend } from './packed.ts'
import { numberOf } from './row.ts'
import { Trim } from './trim.ts'
import type { Aged, AppendedNumbers } from './wire.ts'

/** What a commit of a row or two writes, with the ways to them in each table and index. */
const commitPages = 16

export const storeQueries = {
  slot: 'SELECT seq, size, removed FROM entries WHERE channel = ? AND slot = ?',
  head: 'UPDATE log SET head = ?, checksum = ?',
  key: 'SELECT entry, time, payload, checksum FROM publish_keys WHERE digest = ?',
  addKey:
    'INSERT OR REPLACE INTO publish_keys (entry, time, digest, payload, checksum) VALUES (?, ?, ?, ?, ?)',
  oldestKeys: 'SELECT entry, time FROM publish_keys ORDER BY entry LIMIT ?',
  deleteKeys: 'DELETE FROM publish_keys WHERE entry <= ?',
} as const

function keyChecksum(key: Pick<Planned, 'seq' | 'time' | 'payload'>, digest: string): number {
  return checksumOf(key.seq, key.time, digest, key.payload)
}

/** One entry of an append, decided but not yet written. */
interface Planned {
  readonly entry: NewEntry
  readonly rule: Rule
  readonly seq: number
  readonly time: number
  readonly duplicate: boolean
  readonly digest: string | undefined
  readonly payload: string
}

/** So many rows of a channel are removed together while more are appended. */
const trimRows = 64
/** Rows that are removed between two looks at the clock. */
const chunkRows = 64
/** Keys are small, and lie side by side. */
const sliceKeys = 200
const pageBytes = 4_096

/** The writer's operations on the file. All of them run within a transaction that the caller begins and ends. */
export class Store {
  /** Of retention by age. */
  readonly pace: Pace
  readonly #dedupeMs: number
  readonly #statements
  readonly #channels: Channels
  readonly #inserts: Inserts
  readonly #trim: Trim
  readonly #rules = new Map<number, Rule>()
  /** Channels appended to by this transaction that keep all: trimmed at its end. */
  readonly #touched = new Map<ChannelState, Rule>()
  /** As committed, and within the transaction under way. */
  #head: number
  #nextHead: number
  #pages = 0

  constructor(db: DatabaseSync, head: number, dedupeMs: number, pace = new Pace()) {
    this.pace = pace
    this.#dedupeMs = dedupeMs
    this.#head = this.#nextHead = head
    this.#inserts = new Inserts(db)
    this.#channels = new Channels(db, () => this.#inserts.flush())
    this.#trim = new Trim(db)
    this.#statements = {
      slot: db.prepare(storeQueries.slot),
      head: db.prepare(storeQueries.head),
      key: db.prepare(storeQueries.key),
      addKey: db.prepare(storeQueries.addKey),
      oldestKeys: db.prepare(storeQueries.oldestKeys),
      deleteKeys: db.prepare(storeQueries.deleteKeys),
    }
  }

  rule(number: number, rule: Rule): void {
    this.#rules.set(number, rule)
  }

  /** Appends a batch. Throws `key-reused` before anything of it is written. */
  append(request: Omit<UnpackedAppend, 'kind'>): AppendedNumbers {
    const numbers: number[] = []
    for (const planned of this.#plan(request)) {
      const previous = planned.duplicate ? -1 : this.#add(planned)
      numbers.push(planned.seq, planned.duplicate ? 1 : 0, planned.time, previous)
    }
    return numbers
  }

  /** Removes a slice of what is too old; answers how many of the channels, from the first on, have no more of it. */
  expire(now: number, channels: readonly Aged[]): number {
    const left = channels.findIndex(({ channel, rule }) => {
      const state = this.#channels.get(channel, rule.keep)
      for (;;) {
        const room = Math.min(this.pace.left(), chunkRows)
        if (room === 0) return true
        const gone = this.#trim.aged(state, rule, now, room)
        this.pace.removed(gone)
        this.#pages += gone
        if (gone < room) return false
      }
    })
    return left < 0 ? channels.length : left
  }

  /** Forgets a slice of the keys that are older than the window; answers whether there may be more. */
  forget(now: number): boolean {
    const { oldestKeys, deleteKeys } = this.#statements
    const oldest = oldestKeys.all(sliceKeys)
    const young = oldest.findIndex((row) => now - numberOf(row, 'time') < this.#dedupeMs)
    const gone = young < 0 ? oldest : oldest.slice(0, young)
    const last = gone.at(-1)
    if (last) deleteKeys.run(numberOf(last, 'entry'))
    this.#pages += gone.length
    return gone.length === sliceKeys
  }

  /** To be called before the transaction is committed. */
  finish(): void {
    this.#inserts.flush()
    for (const [state, rule] of this.#touched) this.#trim.all(state, rule)
    this.#touched.clear()
    if (this.#nextHead > this.#head) this.#statements.head.run(this.#nextHead, checksumOf(this.#nextHead))
  }

  /** About how many pages of the file the commit has written; asked after each. */
  takePages(): number {
    const pages = this.#pages + commitPages
    this.#pages = 0
    return pages
  }

  /** Returns the head. */
  committed(): number {
    return (this.#head = this.#nextHead)
  }

  rolledBack(): void {
    this.#nextHead = this.#head
    this.#touched.clear()
    this.#inserts.forget()
    this.#channels.forget()
  }

  /** Decides the whole batch before any of it is written, so that a refusal spoils nothing else. */
  #plan({ entries, rules, now }: Omit<UnpackedAppend, 'kind'>): readonly Planned[] {
    const batch = entries.length > 1 ? new Map<string, Planned>() : undefined
    let seq = this.#nextHead
    return entries.map((entry, i) => {
      const rule = this.#rules.get(rules[i] ?? -1)
      if (!rule) throw new Error(`no rule was given for ${entry.channel}`)
      const digest = entry.key && keyDigest(entry.channel, entry.key)
      const payload = entry.key ? payloadDigest(entry, rule.keep) : ''
      const known = digest === undefined ? undefined : (batch?.get(digest) ?? this.#known(digest, now))
      if (known && known.payload !== payload) throw keyReused(entry.channel, entry.key?.key ?? '')
      const planned = {
        entry,
        rule,
        seq: known ? known.seq : ++seq,
        time: known ? known.time : now,
        duplicate: known !== undefined,
        digest,
        payload,
      }
      if (digest !== undefined && !known) batch?.set(digest, planned)
      return planned
    })
  }

  #known(digest: string, now: number) {
    const row = this.#statements.key.get(digest)
    if (!row) return undefined
    const known = {
      seq: numberOf(row, 'entry'),
      time: numberOf(row, 'time'),
      payload: String(row['payload']),
    }
    assertWhole(row['checksum'], keyChecksum(known, digest), `the key of entry ${known.seq}`)
    return now - known.time < this.#dedupeMs ? known : undefined
  }

  // Hot path: once per message. Returns what the entry's `previous` is.
  #add(planned: Planned): number {
    const { entry, rule, seq, time, digest, payload } = planned
    const { channel, event, data } = entry
    const state = this.#channels.get(channel, rule.keep)
    const latest = rule.keep === 'latest'
    const slot = latest ? (entry.slot ?? '') : undefined
    const removed = latest && (entry.removed ?? false)
    const previous = latest ? undefined : state.last
    const size = sizeOf(data)
    if (slot !== undefined) {
      this.#inserts.flush()
      const replaced = this.#statements.slot.get(state.id, slot)
      if (replaced) this.#trim.drop(state, replaced)
    }
    state.last = this.#nextHead = seq
    state.ordinal++
    state.total += size
    this.pace.published()
    this.#pages += 1 + Math.floor(size / pageBytes) + (digest === undefined ? 0 : 1)
    this.#inserts.add(
      seq,
      state.id,
      time,
      state.ordinal,
      state.total,
      size,
      removed ? 1 : 0,
      previous ?? null,
      entryChecksum({ seq, channel, event, data, time, previous, slot, removed }),
      slot ?? null,
      event,
      data,
    )
    // One that is older than the window may still be there: it is replaced.
    if (digest !== undefined)
      this.#statements.addKey.run(seq, time, digest, payload, keyChecksum(planned, digest))
    if (latest) this.#keepLatest(state, rule, size, removed)
    else this.#keepAll(state, rule)
    return previous ?? -1
  }

  /** Trims at the end of the transaction; of many rows some before, whose pages the next rows then take. */
  #keepAll(state: ChannelState, rule: Rule): void {
    this.#touched.set(state, rule)
    if (state.ordinal - state.ordinalBefore < rule.count + trimRows) return
    this.#inserts.flush()
    this.#trim.all(state, rule)
  }

  #keepLatest(state: ChannelState, rule: Rule, size: number, removed: boolean): void {
    this.#inserts.flush()
    state.bytes += size
    if (removed) state.tombstones++
    else state.values++
    this.#trim.latest(state, rule)
  }
}
