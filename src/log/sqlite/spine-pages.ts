import type { DatabaseSync } from 'node:sqlite'
import type { SpineAppend } from '../log.ts'
import { sizeOf } from '../merge.ts'
import { entryOf, numberOf, trimmedOf } from './row.ts'
import type { AgesPage, SpinePage } from './wire.ts'

// One page, in rows and in bytes.
const pageRows = 1_000
const pageBytes = 1024 * 1024
const pageChannels = 1_000

export const spineQueries = {
  entries: `SELECT e.seq, e.time, e.removed, e.previous, e.checksum, e.slot, e.event, e.data, c.name
    FROM entries e CROSS JOIN channels c ON c.id = e.channel WHERE e.seq > ? ORDER BY e.seq`,
  trimmed: 'SELECT id, name, trimmed, checksum FROM channels WHERE trimmed > ?',
  channels: 'SELECT id, name FROM channels WHERE id > ? ORDER BY id LIMIT ?',
  value: 'SELECT time FROM entries WHERE channel = ? AND removed = 0 ORDER BY seq LIMIT 1',
  tombstone: 'SELECT time FROM entries WHERE channel = ? AND removed = 1 ORDER BY seq LIMIT 1',
} as const

/** Reads across all channels: the spine, and what retention by age has to look at. */
export class SpinePages {
  readonly #statements

  constructor(db: DatabaseSync) {
    this.#statements = {
      entries: db.prepare(spineQueries.entries),
      trimmed: db.prepare(spineQueries.trimmed),
      channels: db.prepare(spineQueries.channels),
      value: db.prepare(spineQueries.value),
      tombstone: db.prepare(spineQueries.tombstone),
    }
  }

  /** What was appended after a sequence, as far as it is still there, and where something is missing. */
  spine(after: number, head: number): SpinePage {
    const kept: SpineAppend[] = []
    let bytes = 0
    let complete = true
    for (const row of this.#statements.entries.iterate(after)) {
      const entry = entryOf(row, String(row['name']))
      bytes += sizeOf(entry.data)
      if (kept.length > 0 && (kept.length >= pageRows || bytes > pageBytes)) {
        complete = false
        break
      }
      kept.push({ seq: entry.seq, channel: entry.channel, entry })
    }
    const through = complete ? Math.max(head, after) : (kept.at(-1)?.seq ?? head)
    const missing = this.#statements.trimmed.all(after).map((row) => ({
      seq: Math.min(trimmedOf(row), through),
      channel: String(row['name']),
      entry: undefined,
    }))
    const appends = missing.length === 0 ? kept : [...missing, ...kept].sort((a, b) => a.seq - b.seq)
    return { through, appends, complete }
  }

  ages(afterChannel: number): AgesPage {
    const rows = this.#statements.channels.all(afterChannel, pageChannels)
    const channels = rows.map((row) => {
      const id = numberOf(row, 'id')
      const value = this.#statements.value.get(id)
      const tombstone = this.#statements.tombstone.get(id)
      return {
        channel: String(row['name']),
        value: value && numberOf(value, 'time'),
        tombstone: tombstone && numberOf(tombstone, 'time'),
      }
    })
    return { channels, next: rows.length < pageChannels ? undefined : numberOf(rows.at(-1), 'id') }
  }
}
