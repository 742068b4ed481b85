import { existsSync, readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { EverwireError } from '../../protocol/codes.ts'
import { epochName, Lineage, type Epoch } from '../lineage.ts'
import { checksumOf } from './checksum.ts'
import { damaged } from './failure.ts'
import { takeLock } from './lock.ts'
import { entryOf, headOf } from './row.ts'
import { ensureSchema, pragma } from './schema.ts'
import { Told } from './told.ts'
import type { WriterData } from './wire.ts'

export interface Opened {
  readonly db: DatabaseSync
  readonly epochs: readonly Epoch[]
  readonly head: number
  readonly told: Told
  /** Why the tail before this opening is not proved; undefined: it is. */
  readonly unproved: string | undefined
  /** Closes the file; what was appended since is known to be whole. */
  close(clean: boolean): void
}

/** While it exists, a write of this log has failed in a way that leaves its tail in doubt. */
export const doubtOf = (file: string): string => `${file}-doubt`

// Up to this size the whole file is checked at opening, beyond it only the tail.
const checkedWholeBytes = 32 * 1024 * 1024
const checkedTail = 1_000

/** Opens the log for writing: takes the lock, checks the tail and begins a new epoch. */
export function openForWriting(data: Omit<WriterData, 'turn'>): Opened {
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

function begin(db: DatabaseSync, data: Omit<WriterData, 'turn'>, release: () => void): Opened {
  const { file, sync, maxBytes } = data
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  ensureSchema(db, file)
  // Checkpoints of its own would swallow what fails in them: see checkpoints.ts.
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536')
  if (Number.isFinite(maxBytes)) {
    db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pragma(db, 'page_size'))}`)
  }
  checkTables(db)
  const whole = checkTail(db)
  const doubt = existsSync(doubtOf(file))
  const unproved = !whole
    ? 'its last entries lie beyond the end that it had recorded'
    : doubt
      ? 'a write had failed when it was last open'
      : !tailIsProved(db)
        ? 'it was not closed, it is not synced at every commit, and the system has been started anew since'
        : !toldIsThere(db, file)
          ? 'it ends before what it had acknowledged, as an older copy does'
          : undefined
  // Frames of a commit whose fsync failed may stand in the journal without being on the disk: write no more behind them.
  if (pragma(db, 'wal_checkpoint(TRUNCATE)') !== 0 && doubt) throw inUse(file)
  const epochs = beginEpoch(db, unproved === undefined, sync)
  const head = readHead(db)
  const told = new Told(file, epochs.at(-1)?.name ?? '')
  told.tell(head)
  rmSync(doubtOf(file), { force: true })
  if (sync === 'interval') db.exec('PRAGMA synchronous = NORMAL')
  const close = (clean: boolean) => {
    try {
      if (clean) {
        db.exec('PRAGMA synchronous = FULL; UPDATE log SET clean = 1; PRAGMA wal_checkpoint(TRUNCATE)')
      }
    } catch {
      // The disk takes no more. What is in the journal stays there, and the next opening judges it.
    } finally {
      db.close()
      told.close()
      release()
    }
  }
  return { db, epochs, head, told, unproved, close }
}

/** Throws when tables and indexes do not agree. */
function checkTables(db: DatabaseSync): void {
  const small = pragma(db, 'page_count') * pragma(db, 'page_size') <= checkedWholeBytes
  for (const scope of small ? ['1'] : ['log', 'epochs', 'channels']) {
    const { integrity_check: verdict } = db.prepare(`PRAGMA integrity_check(${scope})`).get() ?? {}
    if (verdict !== 'ok') throw damaged(String(verdict).replaceAll('\n', ' '))
  }
}

/** Reads what was written last. Throws when it is not what was written; false when it does not fit together. */
function checkTail(db: DatabaseSync): boolean {
  const tail = db
    .prepare(
      'SELECT e.*, c.name FROM entries e LEFT JOIN channels c ON c.id = e.channel ORDER BY seq DESC LIMIT ?',
    )
    .all(checkedTail)
  const indexed = db.prepare('SELECT 1 FROM entries INDEXED BY entries_channel WHERE channel = ? AND seq = ?')
  const head = readHead(db)
  return tail.every((row) => {
    const { seq } = entryOf(row, String(row['name']))
    if (!indexed.get(row['channel'] ?? null, seq)) throw damaged(`entry ${seq} is missing in its channel`)
    return seq <= head
  })
}

/** Whether the log still has everything that anybody was told of, as far as that is known. */
function toldIsThere(db: DatabaseSync, file: string): boolean {
  const told = Told.of(file)
  const epochs = readEpochs(db)
  if (!told || epochs.length === 0) return !told
  return new Lineage(epochs).judge(told.seq, told.epoch, readHead(db)) === undefined
}

function inUse(file: string): EverwireError {
  return new EverwireError(
    'store-unavailable',
    `another program is reading the log ${file}, whose last write had failed: end that program, then open the log again`,
  )
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
  const newest = Number(db.prepare('SELECT max(seq) AS seq FROM entries').get()?.['seq'] ?? 0)
  const head = Math.max(readHead(db), newest)
  db.prepare('UPDATE log SET head = ?, checksum = ?').run(head, checksumOf(head))
  const insert = db.prepare('INSERT INTO epochs (name, first, proved) VALUES (?, ?, ?)')
  insert.run(epochName(), head + 1, proved ? 1 : 0)
  db.prepare('UPDATE log SET sync = ?, boot = ?, clean = 0').run(sync, bootId())
  db.exec('COMMIT')
  return readEpochs(db)
}

function readEpochs(db: DatabaseSync): readonly Epoch[] {
  const rows = db.prepare('SELECT name, first, proved FROM epochs ORDER BY number').all()
  return rows.map((row) => ({
    name: String(row['name']),
    first: Number(row['first']),
    proved: row['proved'] === 1,
  }))
}

function readHead(db: DatabaseSync): number {
  return headOf(db.prepare('SELECT head, checksum FROM log').get())
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
