import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ChannelCursor, Entry, HistoryQuery, Page, ReadLimit, Trimmed } from '../log.ts'
import { merge, sizeOf } from '../merge.ts'
import { damaged } from './failure.ts'
import { entryOf, headOf, numberOf, trimmedOf, type Row } from './row.ts'

const columns = 'seq, time, removed, previous, checksum, slot, event, data'

/** No statement names several channels: `channel IN (...) ORDER BY seq` sorts their whole backlog for each page. */
export const pageQueries = {
  head: 'SELECT head, checksum FROM log',
  channel: 'SELECT id, trimmed, checksum FROM channels WHERE name = ?',
  after: `SELECT ${columns} FROM entries WHERE channel = ? AND seq > ? ORDER BY seq`,
  oldest: 'SELECT seq FROM entries WHERE channel = ? ORDER BY seq LIMIT 1',
  channelOf: 'SELECT channel FROM entries WHERE seq = ?',
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
      channelOf: db.prepare(pageQueries.channelOf),
      newest: db.prepare(pageQueries.newest),
      forward: db.prepare(pageQueries.forward),
      backward: db.prepare(pageQueries.backward),
    }
  }

  head(): number {
    return headOf(this.#statements.head.get())
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
      const linked = this.#linked(stored, after)
      return [() => linked(nextOf(iterator, channel))]
    })
    try {
      const { entries, cut } = merge(sources, limit)
      return { entries, through: cut ? (entries.at(-1)?.seq ?? head) : head, trimmed }
    } finally {
      // A statement that is left half-way keeps the snapshot.
      for (const iterator of rows) iterator.return?.()
    }
  }

  history({ channel, after = 0, before, limit, bytes = Infinity, order }: HistoryQuery): readonly Entry[] {
    const stored = this.#stored(channel)
    if (!stored) return []
    const bound = before === undefined || before > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : before
    const most = Math.min(limit, Number.MAX_SAFE_INTEGER)
    const entries: Entry[] = []
    let size = 0
    for (const row of this.#statements[order].iterate(stored.id, after, bound, most)) {
      const entry = entryOf(row, channel)
      entries.push(entry)
      size += sizeOf(entry.data)
      if (size > bytes) break
    }
    const linked = this.#linked(stored, order === 'forward' ? after : (entries.at(-1)?.seq ?? 0) - 1)
    for (const entry of order === 'forward' ? entries : entries.toReversed()) linked(entry)
    return entries
  }

  /**
   * Looks at a channel's entries one after the other, until undefined says that there are no more. Throws when one
   * is missing: in the table, but not in the channel's index.
   */
  #linked({ id, trimmed }: Stored, after: number): (next: Entry | undefined) => Entry | undefined {
    let before = after
    return (next) => {
      if (!next) {
        // A scan ends at the first row that looks like another channel's, whatever stands behind it.
        const newest = numberOf(this.#statements.newest.get(id), 'seq')
        if (newest > before) throw damaged(`entry ${newest} is missing in its channel`)
        return next
      }
      const { previous = 0 } = next
      if (previous > before && previous > trimmed && this.#isIn(id, previous)) {
        throw damaged(`entry ${previous} is missing in its channel`)
      }
      before = next.seq
      return next
    }
  }

  #isIn(channel: number, seq: number): boolean {
    return this.#statements.channelOf.get(seq)?.['channel'] === channel
  }

  #stored(channel: string): Stored | undefined {
    const row = this.#statements.channel.get(channel)
    return row && { id: numberOf(row, 'id'), trimmed: trimmedOf(row) }
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
