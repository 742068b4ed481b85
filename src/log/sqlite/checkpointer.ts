// Carries the journal of a SQLite log over into its file, with a connection and a thread of its own.
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { refusalOf } from './failure.ts'
import { numberOf } from './row.ts'
import { serveRequests } from './serve.ts'
import type { CheckpointerRequest, Journal, ReaderData } from './wire.ts'

const data: ReaderData = workerData

try {
  serve(new DatabaseSync(data.file))
} catch (error) {
  serveRequests({ refusal: refusalOf(error, data.file) }, () => {})
}

function serve(db: DatabaseSync): void {
  db.exec('PRAGMA synchronous = FULL')
  // Waits for nobody: what a reader still needs stays in the journal until the next time.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const carryOver = (): Journal => {
    const row = checkpoint.get()
    return { frames: numberOf(row, 'log'), left: numberOf(row, 'log') - numberOf(row, 'checkpointed') }
  }
  serveRequests<CheckpointerRequest>({ ready: undefined }, (asked, port) => {
    for (const { id, request } of asked) {
      if (request.kind === 'close') {
        db.close()
        port.answer([{ id, value: undefined }])
        port.close()
        return
      }
      try {
        port.answer([{ id, value: carryOver() }])
      } catch (error) {
        port.answer([{ id, refusal: refusalOf(error, data.file) }])
      }
    }
  })
}
