import type { DatabaseSync } from 'node:sqlite'
import type { Rule } from '../log.ts'
import { checksumOf } from './checksum.ts'
import { numberOf, trimmedOf, type Row } from './row.ts'

/** What the writer knows of a channel without asking the file. */
export interface ChannelState {
  readonly id: number
  readonly keep: Rule['keep']
  /** The newest entry ever appended, its ordinal and total. */
  last: number
  ordinal: number
  total: number
  trimmed: number
  /** `all`: ordinal and total just before the oldest entry kept. */
  ordinalBefore: number
  totalBefore: number
  /** `latest`: what is kept. */
  values: number
  tombstones: number
  bytes: number
}

/** Past this many the writer forgets what it knows, and asks the file again. */
const maxKnown = 50_000

export const channelQueries = {
  byName: 'SELECT id, trimmed, checksum FROM channels WHERE name = ?',
  add: 'INSERT INTO channels (name, trimmed, checksum) VALUES (?, 0, 0) RETURNING id',
  checksum: 'UPDATE channels SET checksum = ? WHERE id = ? RETURNING id, trimmed, checksum',
  newest: 'SELECT seq, ordinal, total FROM entries WHERE channel = ? ORDER BY seq DESC LIMIT 1',
  oldest: 'SELECT seq, ordinal, total, size FROM entries WHERE channel = ? ORDER BY seq LIMIT 1',
  kept: 'SELECT count(*) AS held, sum(removed) AS removed, sum(size) AS bytes FROM entries WHERE channel = ?',
} as const

/** The writer's view of the channels: as it is in the transaction under way. */
export class Channels {
  readonly #known = new Map<string, ChannelState>()
  readonly #beforeLoad: () => void
  readonly #statements

  /** `beforeLoad`: brings into the file what it does not have yet. */
  constructor(db: DatabaseSync, beforeLoad: () => void) {
    this.#beforeLoad = beforeLoad
    this.#statements = {
      byName: db.prepare(channelQueries.byName),
      add: db.prepare(channelQueries.add),
      checksum: db.prepare(channelQueries.checksum),
      newest: db.prepare(channelQueries.newest),
      oldest: db.prepare(channelQueries.oldest),
      kept: db.prepare(channelQueries.kept),
    }
  }

  /** The channel, made if there is none. */
  get(name: string, keep: Rule['keep']): ChannelState {
    const known = this.#known.get(name)
    if (known?.keep === keep) return known
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#beforeLoad()
    const row = this.#statements.byName.get(name) ?? this.#add(name)
    const state = this.#load(row, keep)
    this.#known.set(name, state)
    return state
  }

  /** After a rollback, or when something else has changed the channel. */
  forget(name?: string): void {
    if (name === undefined) this.#known.clear()
    else this.#known.delete(name)
  }

  #add(name: string): Row | undefined {
    const id = numberOf(this.#statements.add.get(name), 'id')
    return this.#statements.checksum.get(checksumOf(id, 0), id)
  }

  #load(row: Row | undefined, keep: Rule['keep']): ChannelState {
    const id = numberOf(row, 'id')
    const trimmed = trimmedOf(row)
    const newest = this.#statements.newest.get(id)
    const oldest = this.#statements.oldest.get(id)
    const state = {
      id,
      keep,
      last: Math.max(trimmed, numberOf(newest, 'seq')),
      ordinal: numberOf(newest, 'ordinal'),
      total: numberOf(newest, 'total'),
      trimmed,
      ordinalBefore: oldest ? numberOf(oldest, 'ordinal') - 1 : 0,
      totalBefore: numberOf(oldest, 'total') - numberOf(oldest, 'size'),
      values: 0,
      tombstones: 0,
      bytes: 0,
    }
    if (keep === 'all') return state
    const kept = this.#statements.kept.get(id)
    state.tombstones = numberOf(kept, 'removed')
    state.values = numberOf(kept, 'held') - state.tombstones
    state.bytes = numberOf(kept, 'bytes')
    return state
  }
}
