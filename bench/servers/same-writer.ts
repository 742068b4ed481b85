// A thread that commits what has come since its last commit, with the tables, indexes, rows and trimming of the store, and
// nothing else: no keys, no batches, no channels but one, no failures.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { checksumOf, entryChecksum } from '../../src/log/sqlite/checksum.ts'
import { ensureSchema } from '../../src/log/sqlite/schema.ts'

const count = 10_000
const database = new DatabaseSync(String(workerData))
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536')
ensureSchema(database, String(workerData))
database.exec(`INSERT INTO channels VALUES (1, 'm', 0, ${checksumOf(1, 0)})`)
const insert = database.prepare(
  `INSERT INTO entries (seq, channel, time, ordinal, total, size, removed, previous, checksum, slot, event, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
)
const remove = database.prepare('DELETE FROM entries WHERE channel = ? AND seq <= ?')
const trimmed = database.prepare('UPDATE channels SET trimmed = ?, checksum = ? WHERE id = ?')
const head = database.prepare('UPDATE log SET head = ?, checksum = ?')
let seq = 0
let total = 0

parentPort?.on('message', (batch: readonly (readonly [string, string, string])[]) => {
  database.exec('BEGIN IMMEDIATE')
  const time = Date.now()
  for (const [channel, event, data] of batch) {
    const previous = seq++
    total += data.length
    const row = { seq, channel, event, data, time, previous, slot: undefined, removed: false }
    insert.run(seq, 1, time, seq, total, data.length, 0, previous, entryChecksum(row), null, event, data)
  }
  if (seq > count) {
    remove.run(1, seq - count)
    trimmed.run(seq - count, checksumOf(1, seq - count), 1)
  }
  head.run(seq, checksumOf(seq))
  database.exec('COMMIT')
  parentPort?.postMessage(batch.length)
})
