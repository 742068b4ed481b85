import { expect, test } from 'vitest'
import { codes, EverwireError } from '../../protocol/codes.ts'
import { Budget } from './budget.ts'

function budget() {
  let now = 0
  const shared = new Budget({ elapsed: () => now, later: () => () => {} })
  return { shared, pass: (ms: number) => void (now += ms) }
}

/** How many calls succeed before one is refused. */
function granted(ask: () => unknown): number {
  let count = 0
  try {
    while (count < 1_000) {
      ask()
      count++
    }
  } catch (error) {
    if (!(error instanceof EverwireError) || codes[error.code].retry !== 'later') throw error
  }
  return count
}

test('a burst of requests is granted, and then twenty a second', () => {
  const { shared, pass } = budget()
  expect(granted(() => shared.request())).toBe(200)
  pass(1_000)
  expect(granted(() => shared.request())).toBe(20)
  pass(3_600_000)
  expect(granted(() => shared.request())).toBe(200)
})

test('what lasts and what is large is bounded, and given back', () => {
  const { shared } = budget()
  const release = shared.hold()
  expect(granted(() => shared.hold())).toBe(63)
  release()
  expect(granted(() => shared.hold())).toBe(1)
  expect(granted(() => shared.body())).toBe(4)
})
