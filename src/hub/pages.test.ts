import { expect, test } from 'vitest'
import { memoryLog } from '../log/memory.ts'
import type { Log } from '../log/log.ts'
import type { WireFormat } from './format.ts'
import { Hub } from './hub.ts'
import { Outlet } from './outlet.ts'
import { Pages, part } from './pages.ts'
import { Run } from './run.ts'

const rule = { keep: 'all', ageMs: 1e12, count: 1e6, bytes: 1e9, tombstoneMs: 1e6 } as const
const limit = { entries: 256, bytes: 65_536 }
const around = {
  defer: (run: () => void) => void setImmediate(run),
  later: () => () => {},
  report: (error: unknown) => {
    throw error
  },
}

test('a thousand readers that come back at once share the reading of the log and the encoding', async () => {
  const log = memoryLog({ rules: () => rule })
  const counts = { reads: 0, encodes: 0, written: 0 }
  const counted: Log = {
    lineage: log.lineage,
    dedupeMs: log.dedupeMs,
    append: (entries) => log.append(entries),
    history: (query) => log.history(query),
    head: () => log.head(),
    watch: (after, watcher) => log.watch(after, watcher),
    sweep: () => log.sweep(),
    close: () => log.close(),
    read: (cursors, limit) => {
      counts.reads++
      return log.read(cursors, limit)
    },
  }
  const format: WireFormat = {
    name: 'counting',
    message: () => {
      counts.encodes++
      return Uint8Array.of(1)
    },
    gap: () => new Uint8Array(),
    snapshot: () => new Uint8Array(),
    position: () => new Uint8Array(),
  }
  for (let n = 0; n < 1_000; n++) await log.append([{ channel: 'c', event: 'message', data: String(n) }])
  const hub = await Hub.open(counted, () => 'all', around)
  const link = { room: 64 * 1024, send: (bytes: Uint8Array) => void (counts.written += bytes.length) }
  for (let i = 0; i < 1_000; i++) {
    const after = 100 * (i % 10)
    const reader = hub.subscribe(
      [{ channel: 'c', after, fresh: false }],
      format,
      new Outlet(hub, link, { readFailed: around.report }),
    )
    reader.wake()
  }
  while (counts.written < 100 * (1_000 * 10 - 100 * 45)) await new Promise((resolve) => setImmediate(resolve))
  expect(counts.written).toBe(100 * (1_000 * 10 - 100 * 45))
  // Ten places to start from, and what follows them.
  expect(counts.reads).toBeLessThan(50)
  expect(counts.encodes).toBeLessThan(10_000)
  hub.close()
  await log.close()
})

test('pages that were read last are kept within their memory', () => {
  const pages = new Pages(10_000)
  for (let n = 0; n < 1_000; n++) {
    const frame = { seq: n * 10 + 5, size: 1_000, data: '1' } as never
    pages.keep(`c${n % 7}`, n * 10, { run: new Run([frame]), through: n * 10 + 10, trimmed: [] })
  }
  expect(pages.find('c0', 0, limit)).toBeUndefined()
  const kept = Array.from({ length: 1_000 }, (_, n) => pages.find(`c${n % 7}`, n * 10, limit)).filter(Boolean)
  // Three times: as data, as bytes of the wire, and joined.
  expect(kept).toHaveLength(3)
})

test('who asks for the same part of a page gets the same run, and so the same bytes', () => {
  const pages = new Pages(1e6)
  const frames = [3, 5, 9].map((seq) => ({ seq, size: 1, data: 'xx' }) as never)
  pages.keep('c', 0, { run: new Run(frames), through: 12, trimmed: [] })
  const first = pages.find('c', 3, limit)
  expect(first?.run.frames).toHaveLength(2)
  expect(pages.find('c', 3, { ...limit })).toBe(first)
  expect(pages.find('c', 3, { ...limit, bytes: 2 })?.run.frames).toHaveLength(1)
  expect(pages.find('c', 5, limit)?.run.frames).toHaveLength(1)
})

test('a part of a page reaches as far as its last message, and to the end when nothing is left out', () => {
  const frames = [3, 5, 9].map((seq) => ({ seq, size: 1, data: 'xx' }) as never)
  const page = { run: new Run(frames), through: 12, trimmed: [] }
  expect(part(page, 3, { entries: 1, bytes: 100 })).toMatchObject({
    through: 5,
    run: { frames: [{ seq: 5 }] },
  })
  expect(part(page, 4, { entries: 9, bytes: 100 }).through).toBe(12)
  expect(part(page, 0, { entries: 9, bytes: 1 }).run.frames).toHaveLength(1)
})

test('small pages do not pile up: the oldest go, however much room there is', () => {
  const pages = new Pages(Infinity)
  for (let seq = 1; seq <= 10_000; seq++)
    pages.keep('a', seq - 1, {
      run: new Run([{ seq, size: 1, data: '' } as never]),
      through: seq,
      trimmed: [],
    })
  expect(pages.find('a', 9_999, limit)).toBeDefined()
  expect(pages.find('a', 9_000, limit)).toBeUndefined()
})

test('of a channel with a lone reader only the page that it reads is kept', () => {
  const pages = new Pages(1e6)
  const page = (through: number) => ({
    run: new Run([{ seq: through, size: 1, data: '' } as never]),
    through,
    trimmed: [],
  })
  pages.keep('c', 0, page(1))
  pages.keep('c', 1, page(2), false)
  expect([pages.find('c', 0, limit), pages.find('c', 1, limit)?.through]).toEqual([undefined, 2])
})
