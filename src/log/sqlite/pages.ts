import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ChannelCursor, Entry, HistoryQuery, Page, ReadLimit, Trimmed } from '../log.ts'
import { merge } from '../merge.ts'
import { entryOf, numberOf, type Row } from './row.ts'

const columns = 'seq, time, removed, previous, slot, event, data'

/** No statement names several channels: `channel IN (...) ORDER BY seq` sorts their whole backlog for each page. */
export const pageQueries = {
  head: 'SELECT head FROM log',
  channel: 'SELECT id, trimmed FROM channels WHERE name = ?',
  after: `SELECT ${columns} FROM entries WHERE channel = ? AND seq > ? ORDER BY seq`,
  oldest: 'SELECT seq FROM entries WHERE channel = ? ORDER BY seq LIMIT 1',
  newest: 'SELECT seq FROM entries WHERE channel = ? ORDER BY seq DESC LIMIT 1',
  forward: `SELECT ${columns} FROM entries WHERE channel = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?`,
  backward: `SELECT ${columns} FROM entries WHERE channel = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
} as const

interface Stored {
  readonly id: number
  readonly trimmed: number
}

/** Reads pages of channels. Everything runs within a transaction that the caller begins and ends. */
export class Pages {
  readonly #db: DatabaseSync
  readonly #statements
  /** One statement for each channel of a page: they are stepped side by side. */
  readonly #cursors: StatementSync[] = []

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = {
      head: db.prepare(pageQueries.head),
      channel: db.prepare(pageQueries.channel),
      oldest: db.prepare(pageQueries.oldest),
      newest: db.prepare(pageQueries.newest),
      forward: db.prepare(pageQueries.forward),
      backward: db.prepare(pageQueries.backward),
    }
  }

  head(): number {
    return numberOf(this.#statements.head.get(), 'head')
  }

  read(cursors: readonly ChannelCursor[], limit: ReadLimit): Page {
    const head = this.head()
    const trimmed: Trimmed[] = []
    const rows: Iterator<Row>[] = []
    const sources = cursors.flatMap(({ channel, after }) => {
      const stored = this.#stored(channel)
      if (!stored) return []
      if (stored.trimmed > after) trimmed.push(this.#trimmed(channel, stored))
      const iterator = this.#cursor(rows.length).iterate(stored.id, after)
      rows.push(iterator)
      return [() => nextOf(iterator, channel)]
    })
    try {
      const { entries, cut } = merge(sources, limit)
      return { entries, through: cut ? (entries.at(-1)?.seq ?? head) : head, trimmed }
    } finally {
      // A statement that is left half-way keeps the snapshot.
      for (const iterator of rows) iterator.return?.()
    }
  }

  history({ channel, after = 0, before, limit, order }: HistoryQuery): readonly Entry[] {
    const stored = this.#stored(channel)
    if (!stored) return []
    const bound = before === undefined || before > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : before
    const rows = this.#statements[order].all(
      stored.id,
      after,
      bound,
      Math.min(limit, Number.MAX_SAFE_INTEGER),
    )
    return rows.map((row) => entryOf(row, channel))
  }

  #stored(channel: string): Stored | undefined {
    const row = this.#statements.channel.get(channel)
    return row && { id: numberOf(row, 'id'), trimmed: numberOf(row, 'trimmed') }
  }

  #trimmed(channel: string, { id, trimmed }: Stored): Trimmed {
    const oldest = this.#statements.oldest.get(id)
    const newest = this.#statements.newest.get(id)
    return {
      channel,
      through: trimmed,
      oldest: oldest && numberOf(oldest, 'seq'),
      head: newest && numberOf(newest, 'seq'),
    }
  }

  #cursor(index: number): StatementSync {
    return (this.#cursors[index] ??= this.#db.prepare(pageQueries.after))
  }
}

function nextOf(rows: Iterator<Row>, channel: string): Entry | undefined {
  const { done, value } = rows.next()
  return done ? undefined : entryOf(value, channel)
}
