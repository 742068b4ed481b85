import type { SQLOutputValue } from 'node:sqlite'
import type { Entry } from '../log.ts'

export type Row = Record<string, SQLOutputValue>

/** A column that the schema says is a number. */
export function numberOf(row: Row | undefined, column: string): number {
  return Number(row?.[column] ?? 0)
}

/** A row of the table entries. */
export function entryOf(row: Row, channel: string): Entry {
  const { previous, slot, data } = row
  return {
    seq: Number(row['seq']),
    channel,
    event: String(row['event']),
    data: data instanceof Uint8Array ? data : String(data),
    time: Number(row['time']),
    previous: typeof previous === 'number' ? previous : undefined,
    slot: typeof slot === 'string' ? slot : undefined,
    removed: row['removed'] === 1,
  }
}
