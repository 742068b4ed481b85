import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { Rule } from '../log.ts'
import { Pace } from './pace.ts'
import { ensureSchema } from './schema.ts'
import { Store } from './store.ts'

const rule: Rule = { keep: 'all', ageMs: 10, count: 1e9, bytes: 1e9, tombstoneMs: 10 }

/** A store with so many entries of `channels` in turn, all too old at 1,000, on a clock that `tick` moves. */
function storeOf(messages: number, channels: number, pace: Pace) {
  const db = new DatabaseSync(':memory:')
  ensureSchema(db, ':memory:')
  const store = new Store(db, 0, 1e9, pace)
  store.rule(0, rule)
  const entries = Array.from({ length: messages }, (_, i) => ({
    channel: `c${i % channels}`,
    event: 'e',
    data: '1',
  }))
  store.append({ now: 0, entries, rules: entries.map(() => 0) })
  store.finish()
  store.committed()
  const aged = Array.from({ length: channels }, (_, i) => ({ channel: `c${i}`, rule }))
  const kept = () => Number(db.prepare('SELECT count(*) AS n FROM entries').get()?.['n'])
  /** Rows that one slice removes. */
  const slice = () => {
    const before = kept()
    store.pace.begin()
    aged.splice(0, store.expire(1_000, aged))
    store.pace.end()
    return before - kept()
  }
  // What was published before has been kept up with.
  store.pace.begin()
  store.pace.end()
  return { store, slice, kept }
}

test('a slice of retention ends when its time is over', () => {
  let now = 0
  // Each look at the clock takes 2 ms: two chunks, and the third look says that it is late.
  const { slice } = storeOf(1_000, 2, new Pace(() => (now += 2)))
  expect(slice()).toBeLessThan(200)
})

test('slices grow while they are quick and shrink while they are slow, but never to nothing', () => {
  let now = 0
  let perSlice = 0
  const pace = new Pace(() => now)
  const { slice } = storeOf(9_000, 3, pace)
  const end = pace.end.bind(pace)
  pace.end = () => {
    now += perSlice
    end()
  }
  expect([slice(), slice(), slice()]).toEqual([200, 400, 800])
  perSlice = 1_000
  const slow = Array.from({ length: 8 }, slice)
  expect(slow).toEqual([1_600, 800, 400, 200, 100, 50, 32, 32])
})

test('however slow the disk is, retention removes more than is published', () => {
  let now = 0
  const pace = new Pace(() => (now += 1_000))
  const { store, slice } = storeOf(4_000, 1, pace)
  for (let i = 0; i < 8; i++) slice()
  expect(slice()).toBe(32)
  const entries = Array.from({ length: 500 }, () => ({ channel: 'other', event: 'e', data: '1' }))
  store.append({ now: 1_000, entries, rules: entries.map(() => 0) })
  expect(slice()).toBe(1_000)
  expect(slice()).toBe(32)
})

test('what is removed is removed from the first channel on, each to its end', () => {
  let now = 0
  const { slice, kept } = storeOf(300, 30, new Pace(() => (now += 100)))
  let slices = 0
  for (; kept() > 0; slices++) expect(slice()).toBeGreaterThan(0)
  expect(slices).toBeGreaterThan(5)
})
