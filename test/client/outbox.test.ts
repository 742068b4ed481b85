import { expect, test } from 'vitest'
import { Outbox, type Entry } from '../../src/client/outbox.ts'

function entry(ref: number, outcomes: unknown[] = [], always = false): Entry {
  return {
    ref,
    message: { type: 'publish', ref, text: `{"key":"k${ref}"}` },
    always,
    inFlight: false,
    settle: (result) => outcomes.push(result instanceof Error ? result.message.slice(0, 11) : result),
  }
}
const refs = (entries: readonly Entry[]) => entries.map(({ ref }) => ref)

test('what was under way when a connection was lost goes out again first, the same to the byte', () => {
  const outbox = new Outbox(10)
  outbox.add(entry(1))
  outbox.add(entry(2))
  const first = outbox.due(0, 1_000)
  outbox.answered(1, { duplicate: false })
  outbox.lost()
  outbox.add(entry(3))
  const again = outbox.due(500, 1_000)
  expect(refs(again)).toEqual([2, 3])
  expect(again[0]?.message).toBe(first[1]?.message)
})

test('what was tried and is older than the memory of keys is unknown; what chose "always" is repeated', () => {
  const outcomes: unknown[] = []
  const outbox = new Outbox(10)
  outbox.add(entry(1, outcomes))
  outbox.add(entry(2, outcomes, true))
  outbox.due(0, 1_000)
  outbox.lost()
  outbox.add(entry(3, outcomes))
  expect(refs(outbox.due(1_000, 1_000))).toEqual([2, 3])
  expect(outcomes).toEqual(['sent, never'])
})

test('a refused one settles only itself', () => {
  const outcomes: unknown[] = []
  const outbox = new Outbox(10)
  for (const ref of [1, 2]) outbox.add(entry(ref, outcomes))
  outbox.due(0, 1_000)
  expect(outbox.answered(1, new Error('refused'))).toBe(true)
  expect(outbox.answered(1, { duplicate: true })).toBe(false)
  expect(outcomes).toEqual(['refused'])
  expect(outbox.waitsForAnswer).toBe(true)
})

test('it is bounded', () => {
  const outbox = new Outbox(1)
  outbox.add(entry(1))
  expect(() => outbox.add(entry(2))).toThrow('outbox.limit')
})
