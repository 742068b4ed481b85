// How many publishes a second are fsynced before they are acknowledged, and how long one that is alone waits, counted in
// fsyncs of the same disk. `own`: wire.publish; `log`: the log beneath it; `same`: a thread that writes the rows of
// the store and does nothing else; `bare`: one whose rows are as small as they can be.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { everwire } from '../../src/index.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'

const inFlight = 256
const seconds = 2
const data = { ts: 0, n: 0, d: 'x'.repeat(106) }
const text = JSON.stringify(data)

interface Subject {
  readonly publish: () => Promise<unknown>
  readonly close: () => Promise<unknown>
}

async function own(path: string): Promise<Subject> {
  const wire = everwire({ dev: true, store: path })
  await wire.ready()
  return { publish: () => wire.publish('m', 'message', data), close: () => wire.close() }
}

async function log(path: string): Promise<Subject> {
  const rule = { keep: 'all', ageMs: 1e9, count: 10_000, bytes: 1e9, tombstoneMs: 1e9 } as const
  const opened = await sqliteLog({ path, rules: () => rule })
  return {
    publish: () => Promise.resolve(opened.append([{ channel: 'm', event: 'message', data: text }])),
    close: () => opened.close(),
  }
}

const bare = (path: string) => writer('./bare-writer.ts', path)
const same = (path: string) => writer('./same-writer.ts', path)

function writer(program: string, path: string): Subject {
  const worker = new Worker(new URL(program, import.meta.url), { workerData: path })
  const waiting: (() => void)[] = []
  let batch: [string, string, string][] = []
  worker.on('message', (count: number) => {
    for (const done of waiting.splice(0, count)) done()
  })
  const send = () => {
    worker.postMessage(batch)
    batch = []
  }
  return {
    publish: () => {
      if (batch.push(['m', 'message', text]) === 1) setImmediate(send)
      return new Promise<void>((resolve) => waiting.push(resolve))
    },
    close: () => worker.terminate(),
  }
}

async function rate({ publish }: Subject): Promise<number> {
  const end = performance.now() + seconds * 1_000
  let count = 0
  const lane = async () => {
    for (; performance.now() < end; count++) await publish()
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return count / seconds
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN

/** One publish alone, and one fsync of as much, in turn. */
async function alone({ publish }: Subject, folder: string): Promise<number> {
  const file = openSync(join(folder, 'fsync'), 'w')
  const page = Buffer.alloc(4_096, 1)
  const acks: number[] = []
  const fsyncs: number[] = []
  for (let i = 0; i < 200; i++) {
    const began = performance.now()
    await publish()
    acks.push(performance.now() - began)
    const written = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    fsyncs.push(performance.now() - written)
  }
  closeSync(file)
  return median(acks) / median(fsyncs)
}

const folder = mkdtempSync(join(process.cwd(), 'durable-'))
try {
  const subject = await { own, log, same, bare }[process.argv[2] as 'own' | 'log' | 'same' | 'bare'](
    join(folder, 'store.db'),
  )
  await rate({ ...subject })
  const perSecond = await rate(subject)
  const ackFsyncs = await alone(subject, folder)
  await subject.close()
  console.log(JSON.stringify({ perSecond, ackFsyncs }))
} finally {
  rmSync(folder, { recursive: true })
}
