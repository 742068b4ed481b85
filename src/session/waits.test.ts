import { expect, test } from 'vitest'
import { Waits } from './waits.ts'

/** A clock that is set by hand, and its timers. */
function handClock() {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    timers,
    elapsed: () => now,
    later(ms: number, run: () => void) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    set(ms: number) {
      now = ms
      for (const timer of timers) if (timer.at <= ms && timers.delete(timer)) timer.run()
    },
  }
}

function begun(ends: number[]) {
  const clock = handClock()
  const waits = new Waits(clock)
  const begin = (ms: number) => waits.begin(ms, { waited: () => void ends.push(ms) })
  return { clock, waits, begin }
}

test('a wait ends once, when its time has passed, and a step late at most', () => {
  const ends: number[] = []
  const { clock, begin } = begun(ends)
  clock.set(7.5)
  for (const ms of [0.2, 1, 42, 43, 60, 1_000]) begin(ms)
  for (let now = 8; now < 1_100; now++) {
    clock.set(now)
    const due = (late: number) => [0.2, 1, 42, 43, 60, 1_000].filter((ms) => 7.5 + ms + late <= now)
    expect(ends.length).toBeGreaterThanOrEqual(due(51).length)
    expect(due(0)).toEqual(expect.arrayContaining(ends))
  }
  expect(ends).toEqual([0.2, 1, 42, 43, 60, 1_000])
})

test('those that end together share a timer, which goes with the last of them', () => {
  const ends: number[] = []
  const { clock, waits, begin } = begun(ends)
  const all = Array.from({ length: 100 }, () => begin(60_000))
  expect(clock.timers.size).toBe(1)
  for (const wait of all.slice(1)) waits.end(wait)
  waits.end(all[1] ?? begin(1))
  expect(clock.timers.size).toBe(1)
  if (all[0]) waits.end(all[0])
  expect(clock.timers.size).toBe(0)
  begin(60_000)
  clock.set(60_000)
  expect(ends).toEqual([60_000])
})

test('a wait that is ended by another of its step is not told', () => {
  const clock = handClock()
  const waits = new Waits(clock)
  const told: string[] = []
  const second = { waited: () => void told.push('second') }
  const first = {
    waited() {
      told.push('first')
      waits.end(last)
      // As a poll does once it is answered.
      waits.begin(10, second)
    },
  }
  waits.begin(10, first)
  const last = waits.begin(10, { waited: () => void told.push('last') })
  clock.set(50)
  expect(told).toEqual(['first'])
  clock.set(100)
  expect(told).toEqual(['first', 'second'])
})
