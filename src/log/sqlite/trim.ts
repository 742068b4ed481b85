import type { DatabaseSync } from 'node:sqlite'
import type { Rule } from '../log.ts'
import type { ChannelState } from './channels.ts'
import { checksumOf } from './checksum.ts'
import { numberOf, type Row } from './row.ts'

const columns = 'seq, time, ordinal, total, size, removed'

export const trimQueries = {
  nth: 'SELECT seq, ordinal, total FROM entries WHERE channel = ? ORDER BY seq LIMIT 1 OFFSET ?',
  oldest: `SELECT ${columns} FROM entries WHERE channel = ? ORDER BY seq LIMIT ?`,
  oldestValue: `SELECT ${columns} FROM entries WHERE channel = ? AND removed = 0 ORDER BY seq LIMIT 1`,
  oldestTombstone: `SELECT ${columns} FROM entries WHERE channel = ? AND removed = 1 ORDER BY seq LIMIT 1`,
  deleteThrough: 'DELETE FROM entries WHERE channel = ? AND seq <= ?',
  deleteOne: 'DELETE FROM entries WHERE seq = ?',
  trimmed: 'UPDATE channels SET trimmed = ?, checksum = ? WHERE id = ?',
} as const

// How many rows are looked at together.
const fewRows = 4
const manyRows = 256

/** Removes what a channel's rule does not keep, within the transaction under way. */
export class Trim {
  readonly #statements

  constructor(db: DatabaseSync) {
    this.#statements = {
      nth: db.prepare(trimQueries.nth),
      oldest: db.prepare(trimQueries.oldest),
      oldestValue: db.prepare(trimQueries.oldestValue),
      oldestTombstone: db.prepare(trimQueries.oldestTombstone),
      deleteThrough: db.prepare(trimQueries.deleteThrough),
      deleteOne: db.prepare(trimQueries.deleteOne),
      trimmed: db.prepare(trimQueries.trimmed),
    }
  }

  /** `all`, by count and bytes. Once a group of appends: only the last of several trims would show. */
  all(state: ChannelState, { count, bytes }: Rule): void {
    const over = (ordinalBefore: number, totalBefore: number) =>
      state.ordinal - ordinalBefore > count || state.total - totalBefore > bytes
    while (over(state.ordinalBefore, state.totalBefore)) {
      const excess = state.ordinal - state.ordinalBefore - count
      if (excess > fewRows && this.#countedOut(state, excess)) continue
      const gone = this.#oldestWhile(
        state,
        Math.min(Math.max(excess, fewRows), manyRows),
        (row) =>
          numberOf(row, 'seq') < state.last &&
          over(numberOf(row, 'ordinal') - 1, numberOf(row, 'total') - numberOf(row, 'size')),
      )
      if (gone.length === 0) return
      this.#deleteThrough(state, gone)
    }
  }

  /**
   * `all`: removes so many from the oldest on, without looking at each. False when their ordinals have holes, as those of a
   * channel that once kept the latest have, or when the newest would be among them.
   */
  #countedOut(state: ChannelState, excess: number): boolean {
    const last = this.#statements.nth.get(state.id, excess - 1)
    if (!last || numberOf(last, 'seq') >= state.last) return false
    if (numberOf(last, 'ordinal') !== state.ordinalBefore + excess) return false
    this.#deleteThrough(state, [last])
    return true
  }

  /** `latest`, by count and bytes. After each append: what goes depends on what was there just then. */
  latest(state: ChannelState, { count, bytes }: Rule): void {
    while (state.tombstones > count && this.#evict(state, this.#statements.oldestTombstone.get(state.id)));
    while (state.values > count && this.#evict(state, this.#statements.oldestValue.get(state.id)));
    while (
      state.bytes > bytes &&
      (this.#evict(state, this.#statements.oldestTombstone.get(state.id)) ||
        this.#evict(state, this.#statements.oldestValue.get(state.id)))
    );
  }

  /** By age, at most `budget` rows; returns how many went. */
  aged(state: ChannelState, rule: Rule, now: number, budget: number): number {
    return state.keep === 'all'
      ? this.#agedAll(state, rule, now, budget)
      : this.#agedLatest(state, rule, now, budget)
  }

  #agedAll(state: ChannelState, { ageMs }: Rule, now: number, budget: number): number {
    const gone = this.#oldestWhile(state, budget, (row) => now - numberOf(row, 'time') > ageMs)
    if (gone.length > 0) this.#deleteThrough(state, gone)
    return gone.length
  }

  #agedLatest(state: ChannelState, { ageMs, tombstoneMs }: Rule, now: number, budget: number): number {
    let removed = 0
    const old = (row: Row | undefined, ms: number) => row && now - numberOf(row, 'time') > ms && row
    while (removed < budget) {
      const row =
        old(this.#statements.oldestTombstone.get(state.id), tombstoneMs) ||
        old(this.#statements.oldestValue.get(state.id), ageMs)
      if (!row) break
      this.#trimOne(state, row)
      removed++
    }
    return removed
  }

  #oldestWhile(state: ChannelState, limit: number, holds: (row: Row) => boolean): readonly Row[] {
    const rows: Row[] = []
    // One by one: each may be a page that is not in memory.
    for (const row of this.#statements.oldest.iterate(state.id, limit)) {
      if (!holds(row)) break
      rows.push(row)
    }
    return rows
  }

  #deleteThrough(state: ChannelState, gone: readonly Row[]): void {
    const last = gone.at(-1)
    this.#statements.deleteThrough.run(state.id, numberOf(last, 'seq'))
    state.ordinalBefore = numberOf(last, 'ordinal')
    state.totalBefore = numberOf(last, 'total')
    this.#raise(state, numberOf(last, 'seq'))
  }

  /** The newest entry always stays: whoever published it was told that it is kept. */
  #evict(state: ChannelState, row: Row | undefined): boolean {
    if (!row || row['seq'] === state.last) return false
    this.#trimOne(state, row)
    return true
  }

  #trimOne(state: ChannelState, row: Row): void {
    this.drop(state, row)
    this.#raise(state, numberOf(row, 'seq'))
  }

  /** `latest`: removes a row that something newer replaces; that is no trimming. */
  drop(state: ChannelState, row: Row): void {
    this.#statements.deleteOne.run(numberOf(row, 'seq'))
    state.bytes -= numberOf(row, 'size')
    if (row['removed'] === 1) state.tombstones--
    else state.values--
  }

  #raise(state: ChannelState, seq: number): void {
    if (seq <= state.trimmed) return
    state.trimmed = seq
    this.#statements.trimmed.run(seq, checksumOf(state.id, seq), state.id)
  }
}
