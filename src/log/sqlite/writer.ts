// The writing thread of a SQLite log: everything that came while one group was committed is the next group.
import { clearInterval, setImmediate, setInterval } from 'node:timers'
import { workerData } from 'node:worker_threads'
import { EverwireError } from '../../protocol/codes.ts'
import { Checkpoints, startCheckpointer } from './checkpoints.ts'
import { Commits, type Operation } from './commits.ts'
import { refusalOf } from './failure.ts'
import { openForWriting, type Opened } from './opening.ts'
import { unpack } from './packed.ts'
import { serveRequests, type Port } from './serve.ts'
import { Store } from './store.ts'
import { Turn } from './turn.ts'
import {
  appendedStride,
  type Answered,
  type AppendedNumbers,
  type Asked,
  type PackedAnswers,
  type Refusal,
  type WriterData,
  type WriterReady,
  type WriterRequest,
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
  const turn = new Turn(data.turn)
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

  const retain = ({ id, request }: Retention, port: Port<WriterRequest>) => {
    store.pace.begin()
    const answers = commits.run([{ id, request }])
    store.pace.end()
    checkpoints.wrote(store.takePages())
    // The sweep goes on when it is answered.
    checkpoints.whenShort(() => port.answer(answers))
  }

  const append = (port: Port<WriterRequest>) => {
    // `refused`: sent by who had not heard of a group that failed; it would overtake what is sent again (log.ts, L12).
    const sent: Sent[] = []
    const refused: Sent[] = []
    let room = groupEntries
    let patience = commits.lastMs
    const take = () => {
      const operations: Operation[] = []
      let taken = 0
      for (const { id, request } of waiting) {
        if (request.kind !== 'appends' || room <= 0) break
        taken++
        for (const [number, rule] of request.packed.rules) store.rule(number, rule)
        if (request.heard < commits.failures) {
          refused.push({ id, appends: request.packed.entries.length, entries: 0 })
          continue
        }
        const several = unpack(request.packed)
        const entries = request.packed.channel.length
        sent.push({ id, appends: several.length, entries })
        for (const each of several) operations.push({ id, request: each })
        room -= entries
      }
      waiting = waiting.slice(taken)
      return operations
    }
    // What has come of the main thread's turn while the first of it was written joins the group: one fsync is enough. To wait
    // for the rest of the turn is worth no more than the fsync that it saves.
    const more = () => {
      if (waiting.length === 0 && room > 0) {
        const began = performance.now()
        waiting.push(...turn.next(port.take, patience))
        patience -= performance.now() - began
      }
      return take()
    }
    const first = take()
    const answers = first.length > 0 ? commits.run(first, more) : []
    checkpoints.wrote(store.takePages())
    const { failures, lastFailure } = commits
    const behind = refused.flatMap(({ id, appends }) =>
      Array.from({ length: appends }, () => ({ id, refusal: lastFailure })),
    )
    port.answer(packAnswers([...sent, ...refused], [...answers, ...behind], failures))
  }

  const next = (port: Port<WriterRequest>) => {
    scheduled = false
    waiting.push(...port.take())
    const [first] = waiting
    if (!first) return
    const { id, request } = first
    if (request.kind === 'appends') append(port)
    else {
      waiting = waiting.slice(1)
      if (request.kind === 'close') {
        void close(id, port)
        return
      }
      // In a transaction of its own: what is published beside it does not wait for its disk.
      retain({ id, request }, port)
    }
    if (waiting.length > 0) later(port)
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

type Retention = Asked<Extract<WriterRequest, { kind: 'expire' | 'forget' }>>

/** A request of so many appends. */
interface Sent {
  readonly id: number
  readonly appends: number
  readonly entries: number
}

/** One answer for each request. */
function packAnswers(
  sent: readonly Sent[],
  answers: readonly Answered[],
  failures: number,
): readonly Answered[] {
  let at = 0
  return sent.map(({ id, appends, entries }) => {
    const numbers = new Float64Array(entries * appendedStride)
    let filled = 0
    const refusals: [number, Refusal][] = []
    for (let i = 0; i < appends; i++, at++) {
      const answer = answers[at]
      if (!answer) throw new Error('an append has one answer')
      if ('refusal' in answer) refusals.push([i, answer.refusal])
      // An append is answered with its numbers.
      else for (const number of answer.value as AppendedNumbers) numbers[filled++] = number
    }
    const value: PackedAnswers = { numbers, refusals, failures }
    return { id, value }
  })
}
