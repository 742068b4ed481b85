import { expect, test } from 'vitest'
import { memoryLog } from '../log/memory.ts'
import { Gate } from './gate.ts'
import { Hub } from './hub.ts'
import { Outlet } from './outlet.ts'

/** Turns that end when the test says so. */
function turns() {
  const ends: (() => void)[] = []
  return {
    defer: (run: () => void) => void ends.push(run),
    end: () => {
      for (const run of ends.splice(0)) run()
    },
    get idle() {
      return ends.length === 0
    },
  }
}

test('so many a turn, in their order, and those who come meanwhile behind them', () => {
  const loop = turns()
  const entered: number[] = []
  const gate = new Gate(3, loop.defer, () => {})
  const come = (n: number) => gate.admit(() => void entered.push(n))
  for (let n = 0; n < 7; n++) come(n)
  expect(entered).toEqual([0, 1, 2])
  loop.end()
  expect(entered).toEqual([0, 1, 2, 3, 4, 5])
  come(7)
  loop.end()
  expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  come(8)
  expect(entered).toHaveLength(9)
  while (!loop.idle) loop.end()
  for (let n = 9; n < 12; n++) come(n)
  expect(entered).toHaveLength(12)
})

test('who is let in may come again, behind the others', () => {
  const loop = turns()
  const entered: string[] = []
  const gate = new Gate(1, loop.defer, () => {})
  gate.admit(() => gate.admit(() => void entered.push('again')))
  gate.admit(() => void entered.push('other'))
  while (!loop.idle) loop.end()
  expect(entered).toEqual(['again', 'other'])
})

test('a turn that brings more and more lets what is live go between, and not within a call', async () => {
  const loop = turns()
  let between = 0
  const gate = new Gate(10, loop.defer, () => void between++)
  for (let n = 0; n < 110; n++) gate.admit(() => {})
  expect(between).toBe(0)
  await Promise.resolve()
  expect(between).toBe(10)
})

test('what is live is written while thousands ask within one turn, and they get all that they are behind', async () => {
  const loop = turns()
  const rule = { keep: 'all', ageMs: 1e12, count: 1e6, bytes: 1e9, tombstoneMs: 1e6 } as const
  const log = memoryLog({ rules: () => rule })
  for (let n = 0; n < 10; n++) await log.append([{ channel: 'back', event: 'message', data: '1' }])
  const report = (error: unknown) => {
    throw error
  }
  const hub = await Hub.open(log, () => 'all', { defer: loop.defer, later: () => () => {}, report })
  const format = {
    name: 'one byte a message',
    message: () => Uint8Array.of(1),
    gap: () => new Uint8Array(),
    snapshot: () => new Uint8Array(),
    position: () => new Uint8Array(),
  }
  const written = { live: 0, back: 0 }
  const reader = (channel: 'live' | 'back', after: number) => {
    const link = { room: 1e6, send: (bytes: Uint8Array) => void (written[channel] += bytes.length) }
    hub
      .subscribe([{ channel, after, fresh: false }], format, new Outlet(hub, link, { readFailed: report }))
      .wake()
  }
  reader('live', hub.through)
  await log.append([{ channel: 'live', event: 'message', data: '1' }])
  for (let n = 0; n < 1_000; n++) reader('back', 0)
  await Promise.resolve()
  // No turn has ended.
  expect(written.live).toBe(1)
  for (let n = 0; written.back < 10_000 && n < 100; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    loop.end()
  }
  expect(written).toEqual({ live: 1, back: 10_000 })
  hub.close()
  await log.close()
})
