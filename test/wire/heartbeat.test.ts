import { expect, test } from 'vitest'
import { startHeartbeat } from '../../src/server/heartbeat.ts'
import type { Connection } from '../../src/server/kernel.ts'

/** A clock whose hands are moved by the test. */
class Hands {
  now = 0
  #timers: { readonly at: number; readonly run: () => void }[] = []

  elapsed(): number {
    return this.now
  }

  later(ms: number, run: () => void): () => void {
    const timer = { at: this.now + ms, run }
    this.#timers.push(timer)
    return () => (this.#timers = this.#timers.filter((each) => each !== timer))
  }

  get timers(): number {
    return this.#timers.length
  }

  move(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at)
      if (!next || next.at > end) break
      this.#timers = this.#timers.filter((each) => each !== next)
      this.now = next.at
      next.run()
    }
    this.now = end
  }
}

function connection(tick: (now: number) => void): Connection {
  return { principal: { id: '', user: undefined }, tick, drain: () => {}, end: () => {} }
}

test('one timer ticks every connection four times a heartbeat, spread over the interval', () => {
  const hands = new Hands()
  const ticks: { readonly connection: number; readonly at: number }[] = []
  const connections = new Set(
    Array.from({ length: 1_000 }, (_, i) => connection((at) => void ticks.push({ connection: i, at }))),
  )
  const stop = startHeartbeat({
    connections,
    heartbeatMs: 25_000,
    clock: hands,
    now: () => hands.now,
    report: () => {},
  })
  expect(hands.timers).toBe(1)
  hands.move(25_000)
  expect(hands.timers).toBe(1)
  expect(ticks).toHaveLength(4_000)
  for (let i = 0; i < 1_000; i += 111) {
    const times = ticks.filter((tick) => tick.connection === i).map(({ at }) => at)
    expect(times.slice(1).map((at, n) => at - (times[n] ?? 0))).toEqual([6_250, 6_250, 6_250])
  }
  const slices = [...Map.groupBy(ticks, ({ at }) => at).values()]
  const busiest = Math.max(...slices.map(({ length }) => length))
  expect(busiest).toBe(125)
  stop()
  expect(hands.timers).toBe(0)
})

test('one that throws is reported, and stops nobody; one that ends in its tick is no trouble', () => {
  const hands = new Hands()
  const faults: unknown[] = []
  let ticks = 0
  const connections = new Set<Connection>()
  const leaving = connection(() => connections.delete(leaving))
  const failing = connection(() => {
    throw new Error('no')
  })
  for (const each of [leaving, failing, connection(() => ticks++)]) connections.add(each)
  startHeartbeat({
    connections,
    heartbeatMs: 400,
    clock: hands,
    now: () => hands.now,
    report: (error) => faults.push(error),
  })
  hands.move(400)
  expect(ticks).toBe(4)
  expect(faults).toHaveLength(4)
  expect(connections.size).toBe(2)
})

test('[5.2] keeps its pace though each of its timers comes late, and does not run after a process that stood still', () => {
  const hands = new Hands()
  const lateMs = 60
  const ticks: number[] = []
  let stoodMs = 0
  startHeartbeat({
    connections: new Set([connection((at) => void ticks.push(at))]),
    heartbeatMs: 2_000,
    clock: {
      elapsed: () => hands.now,
      later: (ms, run) => {
        const extra = stoodMs
        stoodMs = 0
        return hands.later(ms + lateMs + extra, run)
      },
    },
    now: () => hands.now,
    report: () => {},
  })
  hands.move(20_000)
  expect(ticks.length).toBeGreaterThanOrEqual(39)
  const longest = () => Math.max(...ticks.slice(1).map((at, n) => at - (ticks[n] ?? 0)))
  expect(longest()).toBeLessThan(500 + 2 * lateMs)
  const before = ticks.length
  stoodMs = 20_000
  hands.move(22_000)
  // 2 s have gone by in which it ran.
  expect(ticks.length - before).toBeLessThanOrEqual(4 + 2)
})
