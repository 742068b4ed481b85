// A thread that commits what has come since its last commit: the least that a durable publish can cost with SQLite.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const database = new DatabaseSync(String(workerData))
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
database.exec(
  'CREATE TABLE entry (seq INTEGER PRIMARY KEY, channel TEXT, event TEXT, data TEXT, time INTEGER)',
)
const insert = database.prepare('INSERT INTO entry (channel, event, data, time) VALUES (?, ?, ?, ?)')

parentPort?.on('message', (batch: readonly (readonly [string, string, string])[]) => {
  database.exec('BEGIN IMMEDIATE')
  const time = Date.now()
  for (const [channel, event, data] of batch) insert.run(channel, event, data, time)
  database.exec('COMMIT')
  parentPort?.postMessage(batch.length)
})
