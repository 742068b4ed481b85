import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Rule } from '../../src/log/log.ts'
import { sqliteLog, type SqliteLogOptions } from '../../src/log/sqlite.ts'
import { Commits } from '../../src/log/sqlite/commits.ts'
import { doubtOf, openForWriting } from '../../src/log/sqlite/opening.ts'
import { Store } from '../../src/log/sqlite/store.ts'

const rule: Rule = { keep: 'all', ageMs: 1_000, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 }
/** In another process: a handle of this one that is closed would drop the log's locks. */
const copyWhileOpen = `
  const { DatabaseSync } = require('node:sqlite')
  const [from, to] = process.argv.slice(-2)
  new DatabaseSync(from, { readOnly: true }).exec('VACUUM INTO ' + "'" + to + "'")`
const said = (data: string) => [{ channel: 'a', event: 'e', data }]
const refusal = (message: RegExp) => ({ code: 'store-unavailable', message: expect.stringMatching(message) })

let path = ''
let file = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'everwire-sqlite-'))
  file = join(path, 'log.db')
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const open = (options: Partial<SqliteLogOptions> = {}) => sqliteLog({ path, rules: () => rule, ...options })

test('a second opening of the same file is refused and says who has it', async () => {
  const log = await open()
  await expect(open()).rejects.toMatchObject(refusal(new RegExp(`process ${process.pid}.*stop that one`)))
  await log.append(said('1'))
  await log.close()
  await (await open()).close()
})

test('a second opening by a link to the file is refused too', async () => {
  const log = await open()
  symlinkSync(file, join(path, 'link.db'))
  await expect(open({ path: join(path, 'link.db') })).rejects.toMatchObject(refusal(/open already/))
  await log.close()
})

test('a file that may not be written is refused, says so, and is not kept locked', async () => {
  await (await open()).close()
  rmSync(`${file}-holder`)
  mkdirSync(`${file}-holder`)
  await expect(open()).rejects.toMatchObject({ code: 'store-unavailable' })
  rmSync(`${file}-holder`, { recursive: true })
  await (await open()).close()
})

test('a path is a directory, or a file when it has an ending', async () => {
  const log = await open({ path: join(path, 'deep/er') })
  const other = await open({ path: join(path, 'other/one.sqlite') })
  await log.close()
  await other.close()
  expect(readFileSync(join(path, 'deep/er/log.db')).length).toBeGreaterThan(0)
  expect(readFileSync(join(path, 'other/one.sqlite')).length).toBeGreaterThan(0)
})

test('a file of a newer version, of another application or of no kind at all is refused', async () => {
  await (await open()).close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 3')
  await expect(open()).rejects.toMatchObject(refusal(/newer Everwire.*upgrade/))
  db.exec('PRAGMA user_version = 2; PRAGMA application_id = 7')
  await expect(open()).rejects.toMatchObject(refusal(/another application/))
  db.close()
  writeFileSync(join(path, 'text.db'), 'this is no database, and longer than a header would be'.repeat(9))
  await expect(open({ path: join(path, 'text.db') })).rejects.toMatchObject(refusal(/damaged.*restore it/))
})

test('a damaged file is refused, and says what to do', async () => {
  const log = await open()
  await log.append(Array.from({ length: 500 }, (_, i) => ({ channel: 'a', event: 'e', data: String(i) })))
  await log.close()
  const bytes = readFileSync(file)
  bytes.fill(0xff, 3 * 4_096, 6 * 4_096)
  writeFileSync(file, bytes)
  await expect(open()).rejects.toMatchObject(refusal(/damaged.*restore it from a backup/))
})

test('a full file refuses the publish, loses nothing, and takes more once there is room', async () => {
  let now = 1_000_000
  const log = await open({ maxBytes: 1_000_000, now: () => now })
  const large = JSON.stringify('x'.repeat(50_000))
  const append = async () => log.append(said(large))
  let kept = 0
  const fill = async () => {
    for (;;) {
      await append()
      kept++
    }
  }
  await expect(fill()).rejects.toMatchObject(refusal(/no room.*nothing was appended.*publish again/))
  expect(kept).toBeGreaterThan(5)
  const page = await log.read([{ channel: 'a', after: 0 }], { entries: 1_000, bytes: 1e9 })
  expect([page.entries.length, page.through]).toEqual([kept, kept])
  now += 10_000
  await log.sweep()
  expect((await append())[0]?.seq).toBe(kept + 1)
  await log.close()
})

test('a process that cannot fsync takes no more, says so, and begins the next epoch unproved', () => {
  const data = { file, sync: 'always', syncMs: 1_000, dedupeMs: 1_000, maxBytes: Infinity } as const
  const opened = openForWriting(data)
  const store = new Store(opened.db, opened.head, data.dedupeMs)
  store.rule(0, rule)
  let failing = false
  const exec = opened.db.exec.bind(opened.db)
  opened.db.exec = (sql) => {
    if (failing && sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { errcode: 1_034 })
    exec(sql)
  }
  const commits = new Commits(opened, file, store)
  const append = (id: number) =>
    commits.run([{ id, request: { kind: 'append', now: 1, entries: said(String(id)), rules: [0] } }])[0]
  expect(append(1)).toMatchObject({ id: 1, value: [1, 0, 1, 0] })
  failing = true
  expect(append(2)).toMatchObject({ id: 2, refusal: refusal(/nothing more is appended until/) })
  failing = false
  expect(append(3)).toMatchObject({ id: 3, refusal: refusal(/nothing more is appended until/) })
  expect(readFileSync(doubtOf(file), 'utf8')).toMatch(/disk I\/O error/)
  opened.close(commits.whole)

  const again = openForWriting(data)
  expect(again.epochs.map(({ proved }) => proved)).toEqual([true, false])
  expect(again.head).toBe(1)
  again.close(true)
  const third = openForWriting(data)
  expect(third.epochs.map(({ proved }) => proved)).toEqual([true, false, true])
  third.close(true)
})

test('what joins a group is in its commit, and fails with it', () => {
  const data = { file, sync: 'always', syncMs: 1_000, dedupeMs: 1_000, maxBytes: Infinity } as const
  const opened = openForWriting(data)
  const store = new Store(opened.db, opened.head, data.dedupeMs)
  store.rule(0, rule)
  const ran: string[] = []
  let failing = false
  const exec = opened.db.exec.bind(opened.db)
  opened.db.exec = (sql) => {
    ran.push(sql)
    if (failing && sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { errcode: 1_034 })
    exec(sql)
  }
  const commits = new Commits(opened, file, store)
  const run = (...parts: readonly (readonly number[])[]) => {
    const asked = parts.map((ids) =>
      ids.map((id) => ({
        id,
        request: { kind: 'append' as const, now: 1, entries: said(String(id)), rules: [0] },
      })),
    )
    return commits.run(asked.shift() ?? [], () => asked.shift() ?? [])
  }
  const first = run([1, 2], [3], [4, 5])
  expect(first.map((answer) => [answer.id, 'value' in answer && answer.value])).toEqual(
    [1, 2, 3, 4, 5].map((id) => [id, [id, 0, 1, id - 1]]),
  )
  expect(ran).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
  failing = true
  const second = run([6], [7, 8])
  expect(second.map((answer) => [answer.id, 'refusal' in answer])).toEqual([6, 7, 8].map((id) => [id, true]))
  expect(run([9], [10]).map((answer) => [answer.id, 'refusal' in answer])).toEqual([[9, true]])
  opened.close(commits.whole)
})

test('a row that waits to be inserted is seen by whatever reads its channel', () => {
  const data = { file, sync: 'always', syncMs: 1_000, dedupeMs: 1_000, maxBytes: Infinity } as const
  const opened = openForWriting(data)
  const store = new Store(opened.db, opened.head, data.dedupeMs)
  store.rule(0, rule)
  store.rule(1, { ...rule, keep: 'latest' })
  const append = (entry: { channel: string; slot?: string }, kind: number) =>
    store.append({ now: 1, entries: [{ event: 'e', data: '1', ...entry }], rules: [kind] })
  opened.db.exec('BEGIN IMMEDIATE')
  const rows = 40
  for (let i = 1; i <= rows; i++) expect(append({ channel: 'a' }, 0)).toEqual([i, 0, 1, i - 1])
  // A channel whose rule has changed is read from the file.
  append({ channel: 'a', slot: 's' }, 1)
  expect(append({ channel: 'a' }, 0)).toEqual([rows + 2, 0, 1, rows + 1])
  append({ channel: 'b', slot: 's' }, 1)
  append({ channel: 'a' }, 0)
  append({ channel: 'b', slot: 's' }, 1)
  store.finish()
  opened.db.exec('COMMIT')
  store.committed()
  const kept = opened.db.prepare('SELECT seq, ordinal, slot FROM entries ORDER BY seq').all()
  expect(kept.map(({ seq }) => seq)).toEqual([...Array.from({ length: rows + 2 }, (_, i) => i + 1), 44, 45])
  expect(kept.filter(({ slot }) => slot === null).map(({ ordinal }) => ordinal)).toEqual([
    ...Array.from({ length: rows }, (_, i) => i + 1),
    42,
    43,
  ])
  opened.close(true)
})

test('after a failed write a log that another program is reading is not opened', async () => {
  await (await open()).close()
  const foreign = new DatabaseSync(file, { readOnly: true })
  foreign.exec('BEGIN; SELECT count(*) FROM entries')
  const log = await open()
  await log.append(said('1'))
  await log.close()
  writeFileSync(doubtOf(file), 'the disk failed')
  await expect(open()).rejects.toMatchObject(refusal(/another program.*end that program/))
  foreign.close()
  const again = await open()
  expect(again.lineage.current.proved).toBe(false)
  await again.close()
})

test('a log that ends before what it had told is noticed, although it is whole', async () => {
  const log = await open()
  await log.append(said('1'))
  await log.close()
  const older = readFileSync(file)
  const later = await open()
  const early = later.lineage.positionAt(1).split('-')[1] ?? ''
  await later.append(said('2'))
  await later.append(said('3'))
  await later.close()
  writeFileSync(file, older)

  const restored = await open()
  const head = await restored.head()
  expect(restored.lineage.current.proved).toBe(false)
  expect(restored.lineage.judge(1, log.lineage.current.name, head)).toBe('tail-unproved')
  expect(restored.lineage.judge(3, early, head)).toBe('other-log')
  await restored.close()
})

test('a restored backup tells readers beyond it, even when their sequences have been given again', async () => {
  const log = await open()
  await log.append(said('1'))
  const copy = join(path, 'backup.db')
  execFileSync(process.execPath, ['-e', copyWhileOpen, file, copy])
  await log.append(said('2'))
  await log.append(said('3'))
  const { name } = log.lineage.current
  await log.close()
  for (const side of ['', '-wal', '-shm', '-told', '-lock', '-holder']) rmSync(file + side, { force: true })
  renameSync(copy, file)

  const restored = await open()
  await restored.append([...said('another 2'), ...said('another 3'), ...said('another 4')])
  const judge = (seq: number) => restored.lineage.judge(seq, name, 4)
  expect([0, 1, 2, 3].map(judge)).toEqual([undefined, undefined, 'rolled-back', 'rolled-back'])
  await restored.close()
})

test('with sync: interval a tail is proved by a clean end or by the same run of the system, else not', async () => {
  const provedAfter = async (statement: string) => {
    await (await open({ sync: 'interval' })).close()
    const db = new DatabaseSync(file)
    db.exec(statement)
    db.close()
    const log = await open({ sync: 'interval' })
    await log.close()
    return log.lineage.current.proved
  }
  expect(await provedAfter('')).toBe(true)
  expect(await provedAfter('UPDATE log SET clean = 0')).toBe(true)
  expect(await provedAfter("UPDATE log SET clean = 0, boot = 'another'")).toBe(false)
  expect(await provedAfter("UPDATE log SET clean = 0, boot = ''")).toBe(false)
  expect(await provedAfter("UPDATE log SET clean = 0, boot = 'another', sync = 'always'")).toBe(true)
})

test.each([
  ['count', { count: 5 }],
  ['bytes', { bytes: 400 }],
])('[L6] the bounds of a channel are the same when the log is opened anew: %s', async (_name, bound) => {
  const kept: (readonly number[])[] = []
  for (const opensAnew of [false, true]) {
    const options = { path: join(path, String(opensAnew)), rules: () => ({ ...rule, ageMs: 1e9, ...bound }) }
    let log = await sqliteLog(options)
    for (let i = 1; i <= 12; i++) {
      if (opensAnew && (i === 3 || i === 9)) {
        await log.close()
        log = await sqliteLog(options)
      }
      await log.append(said(JSON.stringify('x'.repeat(i * 10))))
      const { entries } = await log.read([{ channel: 'a', after: 0 }], { entries: 1_000, bytes: 1e9 })
      if (i >= 9) kept.push(entries.map(({ seq }) => seq))
    }
    await log.close()
  }
  expect(kept.slice(4)).toEqual(kept.slice(0, 4))
  expect(kept[0]?.length).toBeGreaterThan(1)
  expect(kept[0]?.length).toBeLessThan(9)
})

test('publishing goes on in the middle of a long sweep', async () => {
  let now = 1_000_000
  const log = await open({ now: () => now })
  const batch = Array.from({ length: 4_000 }, (_, i) => ({ channel: `c${i % 7}`, event: 'e', data: '1' }))
  await log.append(batch)
  now += 10_000
  let swept = false
  const sweep = log.sweep().then(() => (swept = true))
  let during = 0
  while (!swept) {
    await log.append(said('1'))
    if (!swept) during++
  }
  await sweep
  expect(during).toBeGreaterThan(2)
  const page = await log.read([{ channel: 'c1', after: 0 }], { entries: 10_000, bytes: 1e9 })
  expect(page.entries).toEqual([])
  await log.close()
})

test('what waits for the disk is bounded, and the rest is refused', async () => {
  const log = await open()
  const large = JSON.stringify('x'.repeat(8 * 1024 * 1024))
  const results = await Promise.allSettled(Array.from({ length: 12 }, async () => log.append(said(large))))
  const refused = results.filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(3)
  expect(refused[0]).toMatchObject({ reason: { code: 'overloaded' } })
  await log.append(said('1'))
  await log.close()
})

test('L12 a small append does not overtake one for which there was no room, until its publisher has heard', async () => {
  const log = await open()
  const large = JSON.stringify('x'.repeat(40 * 1024 * 1024))
  const all = [large, large, '1'].map(async (data) => log.append(said(data)))
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
  ])
  expect(await log.append(said('2'))).toMatchObject([{ seq: 2 }])
  await log.close()
})

test('L12 what was appended behind one that failed fails with it, until its publisher has heard', async () => {
  const log = await open({ maxBytes: 1_000_000 })
  const tooLarge = JSON.stringify('x'.repeat(2_000_000))
  // More than any one transaction takes.
  const all = [tooLarge, ...Array.from({ length: 6_000 }, String)].map(async (data) => log.append(said(data)))
  const outcomes = await Promise.allSettled(all)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
  expect(outcomes.at(-1)).toMatchObject({ reason: refusal(/no room/) })
  expect(await log.append(said('1'))).toMatchObject([{ seq: 1 }])
  await log.close()
})
