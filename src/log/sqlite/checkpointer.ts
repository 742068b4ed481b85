// Carries the journal of a SQLite log over into its file, with a connection and a thread of its own.
import { fdatasyncSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { descriptorOf } from './descriptor.ts'
import { diskFailed, failureOf, refusalOf } from './failure.ts'
import { numberOf } from './row.ts'
import { serveRequests } from './serve.ts'
import type { CheckpointerRequest, Checkpointed, ReaderData } from './wire.ts'

const data: ReaderData = workerData

try {
  serve(data.file)
} catch (error) {
  serveRequests({ refusal: refusalOf(error, data.file) }, () => {})
}

function serve(file: string): void {
  const { db, descriptor } = descriptorOf(file, () => new DatabaseSync(file))
  db.exec('PRAGMA synchronous = FULL')
  // Waits for nobody: what a reader still needs stays in the journal until the next time.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const carryOver = (): Checkpointed => {
    const row = checkpoint.get()
    // SQLite leaves this to the checkpoint that reaches the journal's end: while somebody publishes that is the writer's.
    try {
      if (descriptor !== undefined) fdatasyncSync(descriptor)
    } catch (error) {
      return { doubt: diskFailed(file, error).message }
    }
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
        const { error: refusal, doubt } = failureOf(error, file)
        if (doubt) port.answer([{ id, value: { doubt: refusal.message } }])
        else port.answer([{ id, refusal: refusalOf(refusal, file) }])
      }
    }
  })
}
