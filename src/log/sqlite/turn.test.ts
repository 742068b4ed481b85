import { expect, test } from 'vitest'
import { Turn } from './turn.ts'

const nothing = () => {}
/** Long enough to fail by the test's own limit when it is waited for. */
const longMs = 3_600_000

/** A turn, and a `take` that does one step each time it is asked. */
function turn(...steps: readonly ((turn: Turn) => readonly string[])[]) {
  const mine = new Turn(Turn.shared())
  let asked = 0
  const next = (ms: number) => mine.next(() => steps[asked++]?.(mine) ?? [], ms)
  return { mine, next, asked: () => asked }
}

test('outside of a turn nothing is waited for', () => {
  const { mine, next, asked } = turn(() => ['a'])
  expect(next(longMs)).toEqual(['a'])
  expect(next(longMs)).toEqual([])
  mine.part(nothing)
  mine.ended()
  expect(next(longMs)).toEqual([])
  expect(asked()).toBe(3)
})

test('within a turn what has come is given at once', () => {
  const { mine, next } = turn(() => ['a'])
  mine.part(nothing)
  expect(next(longMs)).toEqual(['a'])
})

test('a part that comes after a look, or the end of the turn, ends the wait', () => {
  const { mine, next, asked } = turn(
    (each) => (each.part(nothing), []),
    () => ['b'],
    (each) => (each.ended(), []),
  )
  mine.part(nothing)
  expect(next(longMs)).toEqual(['b'])
  expect(next(longMs)).toEqual([])
  expect(asked()).toBe(4)
})

test('a writer that runs before its part is there waits for it', () => {
  const mine = new Turn(Turn.shared())
  let asked = 0
  const nothingYet = () => (asked++, [])
  mine.part(() => expect(mine.next(nothingYet, 5)).toEqual([]))
  expect(asked).toBeGreaterThan(1)
})

test('no longer than it may', () => {
  const { mine, next, asked } = turn()
  mine.part(nothing)
  expect(next(0)).toEqual([])
  expect(asked()).toBe(1)
  expect(next(5)).toEqual([])
})
