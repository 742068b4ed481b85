import type { SQLOutputValue } from 'node:sqlite'
import type { Entry } from '../log.ts'
import { assertWhole, checksumOf, entryChecksum } from './checksum.ts'

export type Row = Record<string, SQLOutputValue>

/** A column that the schema says is a number. */
export function numberOf(row: Row | undefined, column: string): number {
  return Number(row?.[column] ?? 0)
}

/** A row of the table entries. Throws when it is not what was written. */
export function entryOf(row: Row, channel: string): Entry {
  const { previous, slot, data } = row
  const entry = {
    seq: Number(row['seq']),
    channel,
    event: String(row['event']),
    data: data instanceof Uint8Array ? data : String(data),
    time: Number(row['time']),
    previous: typeof previous === 'number' ? previous : undefined,
    slot: typeof slot === 'string' ? slot : undefined,
    removed: row['removed'] === 1,
  }
  assertWhole(row['checksum'], entryChecksum(entry), `entry ${entry.seq}`)
  return entry
}

/** What the tables channels and log say. Throws when it is not what was written. */
export function trimmedOf(row: Row | undefined): number {
  const trimmed = numberOf(row, 'trimmed')
  assertWhole(row?.['checksum'], checksumOf(numberOf(row, 'id'), trimmed), `channel ${numberOf(row, 'id')}`)
  return trimmed
}

export function headOf(row: Row | undefined): number {
  const head = numberOf(row, 'head')
  assertWhole(row?.['checksum'], checksumOf(head), 'the head')
  return head
}
