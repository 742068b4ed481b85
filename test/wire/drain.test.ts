import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { drain } from '../../src/server/drain.ts'
import type { Connection } from '../../src/server/kernel.ts'
import { Client, EventReader, openWire, RawClient } from '../support/wire.ts'
import { listen, postOf } from './start.ts'

/** Connections that end when they are drained, unless they have something to answer; and a clock that jumps. */
function scene(count: number, busy = (_i: number) => false) {
  let now = 0
  const connections = new Set<Connection>()
  const told: { readonly i: number; readonly at: number; readonly how: 'drained' | 'ended' }[] = []
  const add = (i: number) => {
    const connection: Connection = {
      principal: { id: '', user: undefined },
      tick: () => {},
      drain() {
        told.push({ i, at: now, how: 'drained' })
        if (!busy(i)) connections.delete(connection)
      },
      end() {
        told.push({ i, at: now, how: 'ended' })
        connections.delete(connection)
      },
    }
    connections.add(connection)
  }
  for (let i = 0; i < count; i++) add(i)
  const faults: unknown[] = []
  const draining = {
    connections,
    report: (error: unknown) => faults.push(error),
    windowMs: 5_000,
    busy: () => false,
    elapsed: () => now,
    wait: async (ms: number) => void (now += ms),
  }
  return { told, connections, add, draining, faults, now: () => now }
}

describe('a drain', () => {
  test('of up to 100 connections takes no time', async () => {
    const { told, draining, now, connections } = scene(100)
    await drain(draining)
    expect([told.length, connections.size, now()]).toEqual([100, 0, 0])
  })

  test.each([
    [1_100, 200],
    [40_000, 5_000],
  ])('of %d is spread evenly over %d ms', async (count, windowMs) => {
    const { told, draining, now, connections } = scene(count)
    await drain(draining)
    expect([told.length, connections.size]).toEqual([count, 0])
    expect(now()).toBeLessThanOrEqual(windowMs + 20)
    expect(now()).toBeGreaterThan(windowMs * 0.9)
    const steps = [...Map.groupBy(told, ({ at }) => at).values()].map(({ length }) => length)
    expect(Math.max(...steps)).toBeLessThanOrEqual(Math.ceil(count / (windowMs / 20)) + 1)
  })

  test('waits 2 s for answers, then ends who still owes one', async () => {
    const { told, draining, now } = scene(3, (i) => i === 1)
    await drain(draining)
    expect(told.filter(({ i }) => i === 1)).toEqual([
      { i: 1, at: 0, how: 'drained' },
      { i: 1, at: 2_000, how: 'ended' },
    ])
    expect(now()).toBe(2_000)
  })

  test('finds whoever comes while it lasts, and is stopped by nobody who throws', async () => {
    const { told, draining, add, connections, faults } = scene(1_000)
    let late = 1_000
    const wait = async (ms: number) => {
      if (late < 1_010) add(late++)
      await draining.wait(ms)
    }
    const [first] = connections
    if (first) first.drain = () => JSON.parse('no JSON')
    await drain({ ...draining, wait })
    expect([told.length, connections.size]).toEqual([1_010, 0])
    expect(faults).toHaveLength(1)
  })
})

/** A handler that answers when it is let. */
function slowHandler() {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<string>()
  return {
    asked: asked.promise,
    answer: answer.resolve,
    handler: () => {
      asked.resolve()
      return answer.promise
    },
  }
}

test('a WebSocket gets the answers it waits for before it is sent away, and may begin nothing new', async () => {
  const { wire, base } = await openWire()
  const { asked, answer, handler } = slowHandler()
  wire.handle('a', 'slow', handler)
  const client = await Client.open(base)
  client.say({ type: 'request', channel: 'a', event: 'slow', data: 0, ref: 1 })
  await asked
  const closed = wire.close()
  for (const type of ['publish', 'subscribe', 'request', 'presence']) {
    client.say({ type, channel: 'a', event: 'slow', action: 'enter', data: 1, ref: type })
    expect(await client.said.next()).toMatchObject({ type: 'error', code: 'draining', ref: type })
  }
  client.say({ type: 'ping' })
  expect(await client.said.next()).toMatchObject({ type: 'ping' })
  answer('done')
  expect(await client.said.next()).toEqual({ type: 'response', ref: 1, data: 'done' })
  expect(await client.closed).toEqual({ code: 4512, reason: expect.stringMatching(/^draining: /) })
  await closed
})

test('who never gets its answer is sent away all the same', async () => {
  const { wire, base } = await openWire()
  const { asked, handler } = slowHandler()
  wire.handle('a', 'slow', handler)
  const client = await Client.open(base)
  client.say({ type: 'request', channel: 'a', event: 'slow', data: 0, ref: 1 })
  await asked
  const closed = wire.close()
  expect((await client.closed).code).toBe(4512)
  await closed
})

test('what a POST had begun is acknowledged and kept, on a server of the application too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-drain-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const asked = Promise.withResolvers<void>()
  const known = Promise.withResolvers<{ id: string }>()
  const authenticate = () => {
    asked.resolve()
    return known.promise
  }
  const wire = everwire({ dev: true, store: folder, authenticate })
  const server = createServer()
  wire.attach(server)
  const url = await listen(server)
  const answer = fetch(`${url}/wire/publish`, postOf({ channel: 'a', data: 'kept' }))
  await asked.promise
  const closed = wire.close()
  known.resolve({ id: 'ada' })
  const response = await answer
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close'])
  const { id } = (await response.json()) as { id: string }
  await closed

  const again = everwire({ dev: true, store: folder })
  onTestFinished(() => again.close())
  expect((await again.history('a')).messages).toMatchObject([{ id, data: 'kept' }])
})

test('an answer of a server that goes away ends its connection, so that the next goes elsewhere', async () => {
  const { wire, base } = await openWire()
  const { id } = (await (await fetch(`${base}/position`)).json()) as { id: string }
  const poll = fetch(`${base}/poll?channel=a&after=${id}`)
  await expect.poll(async () => (await wire.stats()).connections).toBe(1)
  const closed = wire.close()
  const answer = await poll
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
  expect(await answer.json()).toMatchObject({ messages: [], id })
  await closed
})

test('peers that neither answer nor read hold up a close for 2 s at most', async () => {
  const { wire, port } = await openWire()
  // Answers no close frame.
  const mute = new RawClient(port)
  mute.upgrade()
  await mute.until('"welcome"')
  const deaf = new RawClient(port)
  deaf.socket.write('GET /wire/sse?channel=bulk HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await deaf.until('connected')
  deaf.socket.pause()
  for (let i = 0; i < 200; i++) await wire.publish('bulk', 'n', 'x'.repeat(60_000))
  const before = performance.now()
  await wire.close()
  expect(performance.now() - before).toBeLessThan(3_500)
})

test('while many are sent away one after the other, new ones are told to come back', async () => {
  const { wire, base, url } = await openWire({ retryMs: 300 })
  const { asked, answer, handler } = slowHandler()
  wire.handle('a', 'slow', handler)
  const clients = await Promise.all(Array.from({ length: 400 }, () => Client.open(base)))
  // One that waits for its answer keeps the server from being done before everybody has come.
  clients[0]?.say({ type: 'request', channel: 'a', event: 'slow', data: 0, ref: 1 })
  await asked
  const closed = wire.close()
  const [health, stream, poll, publish, refused] = await Promise.all([
    fetch(`${url}/healthz`),
    EventReader.open(`${base}/sse?channel=a`),
    fetch(`${base}/poll?channel=a`),
    fetch(`${base}/publish`, postOf({ channel: 'a', data: 1 })),
    new Client(base).closed,
  ])
  answer('1')
  expect(await health.json()).toEqual({ status: 'draining' })
  expect(stream.response.status).toBe(200)
  expect(JSON.parse((await stream.next('error')).data)).toMatchObject({ code: 'draining' })
  expect(stream.retryMs).toBeGreaterThanOrEqual(300)
  expect([poll.status, publish.status, refused.code]).toEqual([503, 503, 1006])
  await closed
  const codes = await Promise.all(clients.map(async (client) => (await client.closed).code))
  expect(new Set(codes)).toEqual(new Set([4512]))
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed')
})

test('jittered: streams that are sent away together come back apart', async () => {
  const { wire, base } = await openWire({ retryMs: 1_000 })
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => EventReader.open(`${base}/sse?channel=a`)),
  )
  await Promise.all(streams.map((stream) => stream.next('connected')))
  await wire.close()
  await Promise.all(streams.map((stream) => stream.next('error')))
  const times = streams.map(({ retryMs = 0 }) => retryMs)
  expect(new Set(times).size).toBeGreaterThan(10)
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000)
  expect(Math.max(...times)).toBeLessThanOrEqual(2_000)
})
