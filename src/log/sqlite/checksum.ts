import { crc32 } from 'node:zlib'
import type { Entry } from '../log.ts'
import { damaged } from './failure.ts'

// SQLite checks its journal, but not the pages of its file: a bit that flips in a row would be answered as it is.

/** The checksum of a row's other columns. */
export function checksumOf(...columns: readonly (string | number)[]): number {
  return crc32(columns.join('\n'))
}

/** The checksum of an entry's row. Hot path: once per message written, and once per message read. */
export function entryChecksum({ seq, channel, time, previous, slot, removed, event, data }: Entry): number {
  const kept = slot === undefined ? `all ${previous}` : `latest ${removed} ${slot}`
  const header = `${seq} ${time} ${typeof data} ${kept}\n${channel}\n${event}\n`
  return typeof data === 'string' ? crc32(header + data) : crc32(data, crc32(header))
}

/** Throws when a row does not say what was written. */
export function assertWhole(found: unknown, expected: number, row: string): void {
  if (found !== expected) throw damaged(`the checksum of ${row} does not fit`)
}
