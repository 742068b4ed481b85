// The reading thread of a SQLite log, with a connection of its own: no catch-up stands in front of a commit.
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { refusalOf } from './failure.ts'
import { Pages } from './pages.ts'
import { serveRequests } from './serve.ts'
import { SpinePages } from './spine-pages.ts'
import type { Answered, Asked, ReaderData, ReaderRequest } from './wire.ts'

type PageRequest = Exclude<ReaderRequest, { kind: 'open' } | { kind: 'close' }>

const data: ReaderData = workerData
let reading: { readonly db: DatabaseSync; readonly pages: Pages; readonly spines: SpinePages } | undefined

serveRequests<ReaderRequest>({ ready: undefined }, (first, port) => {
  for (const { id, request } of first) {
    if (request.kind === 'close') {
      reading?.db.close()
      port.answer([{ id, value: undefined }])
      port.close()
      return
    }
    // Each page leaves at once: the one behind it may be long.
    port.answer([answer({ id, request })])
  }
})

function answer({ id, request }: Asked<Exclude<ReaderRequest, { kind: 'close' }>>): Answered {
  try {
    return { id, value: request.kind === 'open' ? open() : snapshot(request) }
  } catch (error) {
    return { id, refusal: refusalOf(error, data.file) }
  }
}

/** Comes once the writer has made the file what it should be. */
function open(): undefined {
  const db = new DatabaseSync(data.file, { readOnly: true })
  db.exec('PRAGMA cache_size = -65536')
  reading = { db, pages: new Pages(db), spines: new SpinePages(db) }
}

/** One request is one snapshot: `through` and what is read up to it are of the same moment. */
function snapshot(request: PageRequest): unknown {
  if (!reading) throw new Error('the file is not open yet')
  const { db, pages, spines } = reading
  db.exec('BEGIN')
  try {
    return valueOf(request, pages, spines)
  } finally {
    db.exec('COMMIT')
  }
}

function valueOf(request: PageRequest, pages: Pages, spines: SpinePages): unknown {
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
