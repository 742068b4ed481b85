import { expect, onTestFinished, test, vi } from 'vitest'
import type { Everwire } from '../../src/index.ts'
import { chaosProxy } from '../support/chaos-proxy.ts'
import { Client, EventReader, openWire, RawClient } from '../support/wire.ts'

const hour = 3_600_000

/** From now on the day's clock of this process is the test's; what measures how long something lasts is not. */
function ownClock(): { jump(ms: number): void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  onTestFinished(() => void vi.useRealTimers())
  return { jump: (ms) => void vi.setSystemTime(Date.now() + ms) }
}

/** Fulfilled after as many heartbeats of a stream of its own. */
async function heartbeats(base: string, count: number): Promise<void> {
  const stream = await EventReader.open(`${base}/sse?channel=pace`)
  await stream.comments.take(count)
  stream.close()
}

async function connections(wire: Everwire): Promise<number> {
  return (await wire.stats()).connections
}

test.each([
  ['forward', hour],
  ['back', -hour],
])('a clock that is set an hour %s cuts nobody who lives', async (_name, ms) => {
  const clock = ownClock()
  const { base, wire, port } = await openWire({ heartbeatMs: 100 })
  const socket = await Client.open(base)
  await socket.subscribe('a')
  const stream = await EventReader.open(`${base}/sse?channel=a`)
  const { id = '' } = await stream.next('connected')
  const held = fetch(`${base}/poll?channel=a&after=${id}&wait=25`)
  // It reads nothing, so that bytes for it wait from before the jump on.
  const slow = new RawClient(port)
  slow.socket.write('GET /wire/sse?channel=bulk HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await slow.until('connected')
  slow.socket.pause()
  for (let i = 0; i < 200; i++) await wire.publish('bulk', 'n', 'x'.repeat(60_000))
  const before = await connections(wire)
  expect(before).toBe(4)

  clock.jump(ms)
  await heartbeats(base, 3)
  await expect.poll(() => connections(wire)).toBe(before)
  await wire.publish('a', 'n', 'after')
  expect(await socket.data(1)).toEqual(['after'])
  expect((await stream.next('n')).data).toBe('"after"')
  expect(((await (await held).json()) as { messages: unknown[] }).messages).toHaveLength(1)
  slow.socket.resume()
  await slow.until(`"${'x'.repeat(60_000)}"`)
})

test('a clock that is set back keeps no peer that has vanished', async () => {
  const clock = ownClock()
  const { base, wire, port } = await openWire({ heartbeatMs: 50, limits: { streamMs: 400 } })
  const proxy = await chaosProxy(port)
  onTestFinished(() => proxy.close())
  await Client.open(`${proxy.url}/wire`)
  const stream = await EventReader.open(`${proxy.url}/wire/sse?channel=a`)
  await stream.next('connected')
  proxy.blackhole()
  clock.jump(-hour)
  await heartbeats(base, 2)
  await expect.poll(() => connections(wire), { timeout: 10_000 }).toBe(0)
})

test('a clock that is set back keeps no reader that has stopped reading', async () => {
  const clock = ownClock()
  const { wire, port } = await openWire({ heartbeatMs: 50, limits: { stallMs: 500 } })
  const slow = new RawClient(port)
  slow.socket.write('GET /wire/sse?channel=bulk HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await slow.until('connected')
  slow.socket.pause()
  for (let i = 0; i < 200; i++) await wire.publish('bulk', 'n', 'x'.repeat(60_000))
  clock.jump(-hour)
  await expect.poll(() => connections(wire), { timeout: 10_000 }).toBe(0)
  expect((await wire.stats()).refused['slow-reader']).toBe(1)
})

test('a clock that is set forward forgets no key in memory', async () => {
  const clock = ownClock()
  const { wire } = await openWire()
  const first = await wire.publish('a', 'n', 1, { key: 'k' })
  clock.jump(hour)
  expect(await wire.publish('a', 'n', 1, { key: 'k' })).toEqual({ ...first, duplicate: true })
})
