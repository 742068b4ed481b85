// The reading thread of a SQLite log, with a connection of its own: no catch-up stands in front of a commit.
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { refusalOf } from './failure.ts'
import { Pages } from './pages.ts'
import { serveRequests } from './serve.ts'
import { SpinePages } from './spine-pages.ts'
import type { Answered, Asked, ReaderData, ReaderRequest } from './wire.ts'

const data: ReaderData = workerData

try {
  const db = new DatabaseSync(data.file, { readOnly: true })
  db.exec('PRAGMA cache_size = -65536')
  serve(db)
} catch (error) {
  serveRequests({ refusal: refusalOf(error, data.file) }, () => true)
}

function serve(db: DatabaseSync): void {
  const pages = new Pages(db)
  const spines = new SpinePages(db)

  serveRequests<ReaderRequest>({ ready: undefined }, (first, port) => {
    for (const { id, request } of first) {
      if (request.kind === 'close') {
        db.close()
        port.answer([{ id, value: undefined }])
        return true
      }
      // Each page leaves at once: the one behind it may be long.
      port.answer([answer({ id, request })])
    }
    return false
  })

  /** One request is one snapshot: `through` and what is read up to it are of the same moment. */
  function answer({ id, request }: Asked<Exclude<ReaderRequest, { kind: 'close' }>>): Answered {
    try {
      db.exec('BEGIN')
      return { id, value: valueOf(request) }
    } catch (error) {
      return { id, refusal: refusalOf(error, data.file) }
    } finally {
      end()
    }
  }

  function valueOf(request: Exclude<ReaderRequest, { kind: 'close' }>): unknown {
    switch (request.kind) {
      case 'read':
        return pages.read(request.cursors, request.limit)
      case 'history':
        return pages.history(request.query)
      case 'spine':
        return spines.spine(request.after, pages.head())
      case 'ages':
        return spines.ages(request.afterChannel)
    }
  }

  function end(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // It never began, or SQLite has ended it by itself.
    }
  }
}
