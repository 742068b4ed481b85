import { existsSync, readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { epochName, type Epoch } from '../lineage.ts'
import { takeLock } from './lock.ts'
import { ensureSchema, pragma } from './schema.ts'
import type { WriterData } from './wire.ts'

export interface Opened {
  readonly db: DatabaseSync
  readonly epochs: readonly Epoch[]
  readonly head: number
  /** Closes the file; what was appended since is known to be whole. */
  close(clean: boolean): void
}

/** While it exists, a write of this log has failed in a way that leaves its tail in doubt. */
export const doubtOf = (file: string): string => `${file}-doubt`

// Up to this size the whole file is checked at opening, beyond it only the tail.
const checkedWholeBytes = 32 * 1024 * 1024
const checkedTail = 1_000

/** Opens the log for writing: takes the lock, checks the tail and begins a new epoch. */
export function openForWriting(data: WriterData): Opened {
  const release = takeLock(data.file)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(data.file)
    return begin(db, data, release)
  } catch (error) {
    db?.close()
    release()
    throw error
  }
}

function begin(db: DatabaseSync, data: WriterData, release: () => void): Opened {
  const { file, sync, maxBytes } = data
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  ensureSchema(db, file)
  // A failed checkpoint needs no care: its frames stay in the journal and are carried over again.
  db.exec(
    'PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536',
  )
  if (Number.isFinite(maxBytes)) {
    db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pragma(db, 'page_size'))}`)
  }
  const whole = checkTail(db)
  const proved = whole && !existsSync(doubtOf(file)) && tailIsProved(db)
  // Frames of a commit whose fsync failed may stand in the journal without being on the disk: write no more behind them.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const epochs = beginEpoch(db, proved, sync)
  rmSync(doubtOf(file), { force: true })
  if (sync === 'interval') db.exec('PRAGMA synchronous = NORMAL')
  const close = (clean: boolean) => {
    if (clean) {
      db.exec('PRAGMA synchronous = FULL; UPDATE log SET clean = 1; PRAGMA wal_checkpoint(TRUNCATE)')
    }
    db.close()
    release()
  }
  return { db, epochs, head: headOf(db), close }
}

/** Reads what was written last. Throws when it cannot be read; false when it does not fit together. */
function checkTail(db: DatabaseSync): boolean {
  if (pragma(db, 'page_count') * pragma(db, 'page_size') <= checkedWholeBytes) {
    const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() ?? {}
    if (verdict !== 'ok') throw damaged(String(verdict).replaceAll('\n', ' '))
  }
  const tail = db
    .prepare(
      'SELECT e.*, c.id AS known FROM entries e LEFT JOIN channels c ON c.id = e.channel ORDER BY seq DESC LIMIT ?',
    )
    .all(checkedTail)
  const head = headOf(db)
  return tail.every((entry) => entry['known'] !== null && Number(entry['seq']) <= head)
}

function damaged(verdict: string): Error {
  return Object.assign(new Error(verdict), { errcode: 11 })
}

function tailIsProved(db: DatabaseSync): boolean {
  const last = db.prepare('SELECT sync, boot, clean FROM log').get() ?? {}
  // What the operating system had taken is there as long as it has not been booted anew.
  return (
    last['sync'] === 'always' || last['clean'] === 1 || (last['boot'] !== '' && last['boot'] === bootId())
  )
}

function beginEpoch(db: DatabaseSync, proved: boolean, sync: string): readonly Epoch[] {
  db.exec('BEGIN IMMEDIATE')
  // A sequence is never given twice, even if the tail does not fit together.
  db.exec('UPDATE log SET head = max(head, (SELECT coalesce(max(seq), 0) FROM entries))')
  const first = headOf(db) + 1
  const insert = db.prepare('INSERT INTO epochs (name, first, proved) VALUES (?, ?, ?)')
  insert.run(epochName(), first, proved ? 1 : 0)
  db.prepare('UPDATE log SET sync = ?, boot = ?, clean = 0').run(sync, bootId())
  db.exec('COMMIT')
  const rows = db.prepare('SELECT name, first, proved FROM epochs ORDER BY number').all()
  return rows.map((row) => ({
    name: String(row['name']),
    first: Number(row['first']),
    proved: row['proved'] === 1,
  }))
}

function headOf(db: DatabaseSync): number {
  return Number(db.prepare('SELECT head FROM log').get()?.['head'])
}

/** Names this run of the operating system; empty where it cannot be told. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux: then only a clean end proves a tail that was not fsynced.
    return ''
  }
}
