import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Rule } from '../../src/log/log.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'

const hour = 3_600_000
const day = 24 * hour
const rule: Rule = { keep: 'all', ageMs: day, count: 1e9, bytes: 1e9, tombstoneMs: day }
const everything = { entries: 1e9, bytes: 1e9 }

/** A log of a day, with a day's window for keys, and a clock that can be set. */
async function openWithClock() {
  const path = mkdtempSync(join(tmpdir(), 'everwire-clock-'))
  let time = 1_700_000_000_000
  const open = () => sqliteLog({ path, rules: () => rule, dedupeMs: day, now: () => time })
  let log = await open()
  onTestFinished(async () => {
    await log.close()
    rmSync(path, { recursive: true, force: true })
  })
  return {
    pass: (ms: number) => void (time += ms),
    reopen: async () => {
      await log.close()
      log = await open()
    },
    sweep: () => log.sweep(),
    publish: async (text: string) => {
      const key = { principal: 'p', key: text }
      const [appended] = await log.append([{ channel: 'a', event: 'e', data: text, key }])
      return appended
    },
    page: () => log.read([{ channel: 'a', after: 0 }], everything),
  }
}

test.each([
  ['forward', hour],
  ['back', -hour],
])(
  'a clock that is set an hour %s changes no order, removes nothing young and forgets no key',
  async (_name, jump) => {
    const log = await openWithClock()
    await log.publish('1')
    log.pass(1_000)
    await log.publish('2')
    log.pass(jump)
    await log.publish('3')
    await log.sweep()
    await log.reopen()
    log.pass(1_000)
    expect(await log.publish('1')).toMatchObject({ seq: 1, duplicate: true })
    expect(await log.publish('3')).toMatchObject({ seq: 3, duplicate: true })
    await log.publish('4')
    const { entries, through, trimmed } = await log.page()
    expect(entries.map(({ data, previous }) => [data, previous])).toEqual([
      ['1', 0],
      ['2', 1],
      ['3', 2],
      ['4', 3],
    ])
    expect([through, trimmed]).toEqual([4, []])
  },
)

test('what a clock set back makes seem younger is kept for longer by that much, and then removed and told', async () => {
  const log = await openWithClock()
  await log.publish('1')
  log.pass(-hour)
  await log.publish('2')
  log.pass(day + 1_000)
  await log.sweep()
  expect((await log.page()).entries.map(({ data }) => data)).toEqual(['1', '2'])
  expect(await log.publish('1')).toMatchObject({ seq: 1, duplicate: true })
  log.pass(hour)
  await log.sweep()
  expect(await log.page()).toMatchObject({ entries: [], trimmed: [{ channel: 'a', through: 2 }] })
  expect(await log.publish('1')).toMatchObject({ seq: 3, duplicate: false })
})

test('what a clock set forward makes seem older is removed sooner by that much, and told', async () => {
  const log = await openWithClock()
  await log.publish('1')
  log.pass(hour)
  log.pass(day - hour - 1_000)
  await log.sweep()
  expect((await log.page()).trimmed).toEqual([])
  expect(await log.publish('1')).toMatchObject({ seq: 1, duplicate: true })
  log.pass(2_000)
  await log.sweep()
  expect((await log.page()).trimmed).toMatchObject([{ channel: 'a', through: 1 }])
})
