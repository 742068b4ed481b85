// The writing thread of a SQLite log: everything that came while one group was committed is the next group.
import { clearInterval, setImmediate, setInterval } from 'node:timers'
import { workerData } from 'node:worker_threads'
import { EverwireError } from '../../protocol/codes.ts'
import { Checkpoints, startCheckpointer } from './checkpoints.ts'
import { Commits } from './commits.ts'
import { refusalOf } from './failure.ts'
import { openForWriting, type Opened } from './opening.ts'
import { unpack } from './packed.ts'
import { serveRequests, type Port } from './serve.ts'
import { Store } from './store.ts'
import type {
  Answered,
  AppendedNumbers,
  Asked,
  PackedAnswers,
  Refusal,
  WriterData,
  WriterReady,
  WriterRequest,
} from './wire.ts'

// One transaction holds at most this many entries, so that the first of a flood does not wait for the last.
const groupEntries = 4_096

const data: WriterData = workerData

try {
  serve(openForWriting(data))
} catch (error) {
  serveRequests({ refusal: refusalOf(error, data.file) }, () => {})
}

function serve(opened: Opened): void {
  const store = new Store(opened.db, opened.head, data.dedupeMs)
  const commits = new Commits(opened, data.file, store)
  const checkpoints = new Checkpoints({
    start: () => startCheckpointer(data.file),
    finish: () => commits.carryOver(),
    doubt: (reason) => commits.takeNoMore(new EverwireError('store-unavailable', reason)),
  })
  const syncing = data.sync === 'interval' ? setInterval(() => commits.sync(), data.syncMs) : undefined
  const { epochs, head, unproved } = opened
  const ready: WriterReady = { epochs, head, unproved }
  let waiting: Asked<WriterRequest>[] = []
  let scheduled = false

  const close = async (id: number, port: Port<WriterRequest>) => {
    clearInterval(syncing)
    await checkpoints.stop()
    opened.close(commits.whole)
    port.answer([{ id, value: undefined }])
    port.close()
  }

  const next = (port: Port<WriterRequest>) => {
    scheduled = false
    waiting.push(...port.take())
    const group = takeGroup(waiting, store)
    waiting = waiting.slice(group.taken)
    if (group.operations.length > 0) {
      if (group.retention) store.pace.begin()
      const answers = commits.run(group.operations)
      if (group.retention) store.pace.end()
      checkpoints.wrote(store.takePages())
      // The sweep goes on when it is answered.
      if (group.retention) checkpoints.whenShort(() => port.answer(answers))
      else port.answer(packAnswers(group.appends, answers))
    }
    if (group.close !== undefined) void close(group.close, port)
    else if (waiting.length > 0) later(port)
  }

  // A turn for each group: what the checkpoints say is heard in between.
  const later = (port: Port<WriterRequest>) => {
    if (scheduled) return
    scheduled = true
    setImmediate(() => next(port))
  }

  serveRequests<WriterRequest>({ ready }, (first, port) => {
    waiting.push(...first)
    if (!scheduled) next(port)
  })
}

/** What the next transaction is to do, of what waits; tells the store of new rules on the way. */
function takeGroup(waiting: readonly Asked<WriterRequest>[], store: Store) {
  const operations: Parameters<Commits['run']>[0][number][] = []
  const appends: Sent[] = []
  let entries = 0
  let taken = 0
  for (const { id, request } of waiting) {
    // Retention has a transaction of its own: what is published beside it does not wait for its disk.
    const retention = request.kind === 'expire' || request.kind === 'forget'
    if (retention && operations.length > 0) break
    taken++
    if (request.kind === 'close') return { operations, appends, taken, retention: false, close: id }
    if (request.kind !== 'appends') {
      operations.push({ id, request })
      return { operations, appends, taken, retention, close: undefined }
    }
    for (const [number, rule] of request.packed.rules) store.rule(number, rule)
    const several = unpack(request.packed)
    appends.push({ id, count: several.length })
    for (const each of several) operations.push({ id, request: { kind: 'append', ...each } })
    entries += request.packed.channel.length
    if (entries >= groupEntries) break
  }
  return { operations, appends, taken, retention: false, close: undefined }
}

/** A request of so many appends. */
interface Sent {
  readonly id: number
  readonly count: number
}

/** One answer for each request. */
function packAnswers(sent: readonly Sent[], answers: readonly Answered[]): readonly Answered[] {
  let at = 0
  return sent.map(({ id, count }) => {
    const numbers: number[] = []
    const refusals: [number, Refusal][] = []
    for (let i = 0; i < count; i++, at++) {
      const answer = answers[at]
      if (!answer) throw new Error('an append has one answer')
      if ('refusal' in answer) refusals.push([i, answer.refusal])
      // An append is answered with its numbers.
      else for (const number of answer.value as AppendedNumbers) numbers.push(number)
    }
    const value: PackedAnswers = { numbers: Float64Array.from(numbers), refusals }
    return { id, value }
  })
}
