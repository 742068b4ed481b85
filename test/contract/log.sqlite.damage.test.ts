import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Lineage } from '../../src/log/lineage.ts'
import type { NewEntry, Rule } from '../../src/log/log.ts'
import { Commits } from '../../src/log/sqlite/commits.ts'
import { failureOf } from '../../src/log/sqlite/failure.ts'
import { openForWriting } from '../../src/log/sqlite/opening.ts'
import { Pages } from '../../src/log/sqlite/pages.ts'
import { SpinePages } from '../../src/log/sqlite/spine-pages.ts'
import { Store } from '../../src/log/sqlite/store.ts'

// The writer's and the reader's parts of the log, without their threads: thousands of damaged files are opened here.
const keepAll: Rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e9, tombstoneMs: 1e12 }
const keepLatest: Rule = { ...keepAll, keep: 'latest' }
const channels = ['a', 'b', 'slots']
const now = 1_700_000_000_000
const pageBytes = 4_096
const frameBytes = pageBytes + 24
const frameHeader = 24
const walHeader = 32

const folder = mkdtempSync(join(tmpdir(), 'everwire-damage-'))
const file = join(folder, 'log.db')
const sides = ['', '-wal', '-told']
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const entries: readonly NewEntry[] = Array.from({ length: 240 }, (_, i) => ({
  channel: channels[i % 3] ?? 'a',
  event: `event ${i % 5}`,
  data: JSON.stringify({ i, text: 'x'.repeat(i % 60) }),
  ...(i % 3 === 2 ? { slot: `slot ${i % 7}` } : {}),
  ...(i % 2 === 0 ? { key: { principal: 'p', key: String(i) } } : {}),
}))

function openLog(dedupeMs = 1e9) {
  const opened = openForWriting({ file, sync: 'always', syncMs: 1_000, dedupeMs, maxBytes: Infinity })
  const store = new Store(opened.db, opened.head, dedupeMs)
  store.rule(0, keepAll)
  store.rule(1, keepLatest)
  const commits = new Commits(opened, file, store)
  const append = (batch: readonly NewEntry[]) => {
    const rules = batch.map(({ channel }) => (channel === 'slots' ? 1 : 0))
    const [answer] = commits.run([{ id: 1, request: { kind: 'append', now, entries: batch, rules } }])
    if (!answer || 'refusal' in answer) throw new Error(answer?.refusal.message)
    return answer.value
  }
  return { opened, append }
}

/** Everything that the log answers. Throws when it says that something is damaged. */
function answers({ opened, append }: ReturnType<typeof openLog>) {
  const pages = new Pages(opened.db)
  const limit = { entries: 1e9, bytes: 1e9 }
  const read = (names: readonly string[]) =>
    pages.read(
      names.map((channel) => ({ channel, after: 0 })),
      limit,
    )
  return {
    each: channels.map((channel) => read([channel])),
    all: read(channels),
    history: channels.flatMap((channel) =>
      (['forward', 'backward'] as const).map((order) => pages.history({ channel, limit: 1e9, order })),
    ),
    spine: new SpinePages(opened.db).spine(0, pages.head()),
    repeats: append(entries.filter(({ key }) => key)),
  }
}

type Answers = ReturnType<typeof answers>

/** What the damage comes to: it is told, it changed nothing, or the log answered what is not so. */
function judge(truth: Answers, epoch: string): 'refused' | 'unproved' | 'harmless' | 'false' {
  let log: ReturnType<typeof openLog> | undefined
  try {
    log = openLog()
    const proved = new Lineage(log.opened.epochs).judge(1, epoch, log.opened.head) === undefined
    const found = answers(log)
    if (!proved) return 'unproved'
    return isEqual(found, truth) ? 'harmless' : 'false'
  } catch (error) {
    if (!failureOf(error, file).error.message.includes('damaged')) throw error
    return 'refused'
  } finally {
    log?.opened.close(false)
  }
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The log as a process that was killed leaves it, once with everything in the journal and once with nothing in it. */
let truth: Answers
let epoch = ''
beforeAll(() => {
  const log = openLog()
  for (const entry of entries) log.append([entry])
  truth = answers(log)
  epoch = log.opened.epochs.at(-1)?.name ?? ''
  save('journal')
  log.opened.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  save('file')
  log.opened.close(false)
})

function save(state: string): void {
  for (const side of sides) if (existsSync(file + side)) copyFileSync(file + side, join(folder, state + side))
}

/** Puts a state in place, with one of its files changed. */
function restore(state: string, side: string, change: (bytes: Buffer) => Buffer): void {
  for (const name of ['', '-wal', '-shm', '-told', '-doubt']) rmSync(file + name, { force: true })
  for (const name of sides) {
    const saved = join(folder, state + name)
    if (existsSync(saved)) copyFileSync(saved, file + name)
  }
  writeFileSync(file + side, change(readFileSync(file + side)))
}

// Each damaged file is opened for writing, with its fsyncs.
vi.setConfig({ testTimeout: 60_000 })

let random: () => number
beforeEach(() => {
  let state = 20_260_101
  random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
})

function flipped(bytes: Buffer, from: number, to: number): Buffer {
  const at = from + Math.floor(random() * (to - from))
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  return bytes
}

function tally(count: number, damage: (i: number) => void): Record<ReturnType<typeof judge>, number> {
  const counts = { refused: 0, unproved: 0, harmless: 0, false: 0 }
  for (let i = 0; i < count; i++) {
    damage(i)
    counts[judge(truth, epoch)]++
  }
  return counts
}

test('what is undamaged is proved and complete, from the journal and from the file', () => {
  restore('journal', '', (bytes) => bytes)
  expect(judge(truth, epoch)).toBe('harmless')
  restore('file', '', (bytes) => bytes)
  expect(judge(truth, epoch)).toBe('harmless')
})

test('a journal that ends in the middle is noticed, wherever it ends', () => {
  const size = statSync(join(folder, 'journal-wal')).size
  const frames = Math.floor((size - walHeader) / frameBytes)
  const counts = tally(120, (i) => {
    const end = walHeader + Math.floor((i * frames) / 120) * frameBytes + Math.floor(random() * frameBytes)
    restore('journal', '-wal', (bytes) => bytes.subarray(0, end))
  })
  expect(counts).toMatchObject({ false: 0 })
  expect(counts.unproved).toBeGreaterThan(100)
})

test('a flipped bit in the journal is noticed', () => {
  const size = statSync(join(folder, 'journal-wal')).size
  const counts = tally(120, (i) =>
    restore('journal', '-wal', (bytes) => {
      // Headers of frames are small, and decide more.
      const frame =
        walHeader + Math.floor(random() * Math.floor((size - walHeader) / frameBytes)) * frameBytes
      return i % 3 === 0 ? flipped(bytes, frame, frame + frameHeader) : flipped(bytes, 0, size)
    }),
  )
  expect(counts).toMatchObject({ false: 0 })
  expect(counts.unproved).toBeGreaterThan(50)
})

test('a file that has lost its last page, or part of it, is noticed', () => {
  const counts = tally(8, (i) =>
    restore('file', '', (bytes) => bytes.subarray(0, bytes.length - (i + 1) * (pageBytes / 4))),
  )
  expect(counts).toMatchObject({ false: 0, refused: 8 })
})

/** The pages of the file by the table or index that they belong to. */
function pagesOf(): ReadonlyMap<string, readonly number[]> {
  const db = new DatabaseSync(join(folder, 'file'), { readOnly: true })
  const roots = db.prepare('SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0').all()
  db.close()
  const bytes = readFileSync(join(folder, 'file'))
  return new Map(roots.map(({ name, rootpage }) => [String(name), treeOf(bytes, Number(rootpage))] as const))
}

/** A B-tree's pages (https://sqlite.org/fileformat2.html#b_tree_pages). */
function treeOf(bytes: Buffer, page: number): readonly number[] {
  const at = (page - 1) * pageBytes
  const kind = bytes[at]
  if (kind !== 2 && kind !== 5) return [page]
  const cells = Array.from({ length: bytes.readUInt16BE(at + 3) }, (_, i) =>
    bytes.readUInt32BE(at + bytes.readUInt16BE(at + 12 + 2 * i)),
  )
  return [page, ...[...cells, bytes.readUInt32BE(at + 8)].flatMap((child) => treeOf(bytes, child))]
}

/** Flips a bit in one of the pages of a table or index. */
function damagePage(name: string): void {
  const pages = pagesOf().get(name) ?? []
  restore('file', '', (bytes) => {
    const at = ((pages[Math.floor(random() * pages.length)] ?? 1) - 1) * pageBytes
    // Cells stand at the end of a page; the room before them is empty.
    const cells = at + bytes.readUInt16BE(at + 5)
    return random() < 0.2 ? flipped(bytes, at, at + 8) : flipped(bytes, cells, at + pageBytes)
  })
}

test.for([
  'log',
  'epochs',
  'channels',
  'sqlite_autoindex_channels_1',
  'entries',
  'entries_channel',
  'entries_slot',
  'publish_keys',
  'publish_keys_digest',
])('a flipped bit in a page of %s is noticed or changes nothing', (name) => {
  expect(tally(150, () => damagePage(name))).toMatchObject({ false: 0 })
})

test('a bit that flips in the index of channels after the opening hides no entry that has another behind it', () => {
  const counts = { told: 0, same: 0, endHidden: 0 }
  for (let i = 0; i < 400; i++) {
    damagePage('entries_channel')
    const db = new DatabaseSync(file, { readOnly: true })
    try {
      const pages = new Pages(db)
      for (const [at, channel] of ['a', 'b'].entries()) {
        const read = pages.read([{ channel, after: 0 }], { entries: 1e9, bytes: 1e9 }).entries
        const whole = truth.each[at]?.entries ?? []
        const isWhole = read.length === whole.length
        if (!isEqual(read, whole.slice(0, read.length))) throw new Error(`${channel} has a hole`)
        counts[isWhole ? 'same' : 'endHidden']++
      }
    } catch (error) {
      if (!failureOf(error, file).error.message.includes('damaged')) throw error
      counts.told++
    } finally {
      db.close()
    }
  }
  expect(counts.told).toBeGreaterThan(50)
  expect(counts.endHidden).toBeLessThan(20)
})
