import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { defineContract, EverwireError, everwire, type EverwireOptions } from '../../src/index.ts'
import { portOf } from '../support/port.ts'
import { Faults, listen, openRules, postOf, refusal, start } from './start.ts'

function newWire(options: EverwireOptions = {}) {
  const wire = everwire({ channels: openRules, logger: new Faults(), ...options })
  onTestFinished(() => wire.close())
  return wire
}

test('the application publishes without a server, and reads back what it published', async () => {
  const wire = newWire()
  const position = await wire.position()
  const { id, duplicate } = await wire.publish('open/1', 'said', { a: 1 }, { key: 'K' })
  expect(duplicate).toBe(false)
  expect(await wire.publish('open/1', 'said', { a: 1 }, { key: 'K' })).toEqual({ id, duplicate: true })
  const bytes = await wire.publish('open/1', 'raw', Uint8Array.of(1, 2, 255))
  const { messages, more } = await wire.history('open/1', { after: position })
  expect(messages).toEqual([
    {
      type: 'message',
      channel: 'open/1',
      id,
      event: 'said',
      data: { a: 1 },
      time: expect.any(Number),
      previous: '0',
    },
    {
      type: 'message',
      channel: 'open/1',
      id: bytes.id,
      event: 'raw',
      data: 'AQL/',
      encoding: 'base64',
      time: expect.any(Number),
      previous: id,
    },
  ])
  expect(more).toBe(false)
})

test('[1.3] [5.4] a channel that keeps the latest holds one message per slot, and its removal', async () => {
  const wire = newWire()
  await wire.publish('latest/1', 'moved', 1, { slot: 'a' })
  await wire.publish('latest/1', 'moved', 2, { slot: 'b' })
  await wire.publish('latest/1', 'moved', 3, { slot: 'a' })
  await wire.publish('latest/1', 'moved', null, { slot: 'b', removed: true })
  expect((await wire.history('latest/1')).messages).toMatchObject([
    { slot: 'a', data: 3 },
    { slot: 'b', data: null, removed: true },
  ])
})

test('publishing to a channel without a rule says to add one', async () => {
  const published = newWire().publish('pets/1', 'x', 1)
  await expect(published).rejects.toThrow(EverwireError)
  await expect(published).rejects.toThrow(/no rule matches "pets\/1": add a pattern/)
})

test('the contract types and validates what the application and strangers publish', async () => {
  const contract = defineContract({
    'open/*': {
      events: { weighed: z.object({ grams: z.number() }) },
      requests: { add: { input: z.array(z.number()), output: z.number() } },
    },
  })
  const wire = everwire({ channels: openRules, contract, logger: new Faults() })
  const { url } = await wire.listen(0, '127.0.0.1')
  onTestFinished(() => wire.close())
  wire.handle('open/*', 'add', ({ data }) => data.reduce((sum, each) => sum + each, 0))
  await wire.publish('open/1', 'weighed', { grams: 1 })
  // @ts-expect-error -- the event carries grams as a number
  await expect(wire.publish('open/1', 'weighed', { grams: 'x' })).rejects.toThrow(/grams/)
  const strange = postOf({ channel: 'open/1', event: 'weighed', data: {} })
  expect(await refusal(await fetch(`${url}/wire/publish`, strange))).toBe('422 bad-payload')
  const sum = await fetch(`${url}/wire/request`, postOf({ channel: 'open/1', event: 'add', data: [1, 2] }))
  expect(await sum.json()).toEqual({ data: 3 })
})

test.each<[string, EverwireOptions, RegExp]>([
  ['an unknown option', { chanels: {} } as EverwireOptions, /chanels/],
  [
    'an unknown limit',
    { limits: { mesageBytes: 1 } as object },
    /no limit "mesageBytes": known are messageBytes/,
  ],
  [
    'a bad age',
    { channels: { 'a/*': { age: '1 fortnight' } } },
    /channels\.a\/\*\.age: "1 fortnight" is not a quantity.*"24h"/,
  ],
  ['a bad size', { channels: { 'a/*': { bytes: '64' } } }, /channels\.a\/\*\.bytes: "64".*"64MB"/],
  ['a bad keep', { channels: { a: { keep: 'some' as 'all' } } }, /channels\.a\.keep/],
  ['a bad pattern', { channels: { 'a*': {} } }, /"\*" must be a whole segment/],
  [
    'a permission that is none',
    { channels: { a: { publish: 'yes' as unknown as true } } },
    /channels\.a\.publish: takes true, false or a function/,
  ],
  [
    'an origin with a path',
    { origins: ['https://app.example/'] },
    /origins\.0: "https:\/\/app\.example\/" is not an origin/,
  ],
  ['a store that is none', { store: 7 as unknown as string }, /store: takes a path, or a log/],
])('%s is an error at start that says what to write', (_what, options, expected) => {
  expect(() => everwire(options)).toThrow(expected)
})

test('ages and sizes are numbers with units', async () => {
  const wire = newWire({ channels: { a: { age: '90s', bytes: '512kB', count: 2, publish: true } } })
  for (const n of [1, 2, 3]) await wire.publish('a', 'n', n)
  expect((await wire.history('a')).messages.map(({ data }) => data)).toEqual([2, 3])
})

test('a path is a durable store: what was acknowledged is there after a restart, and keeps its id', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const first = newWire({ store: folder })
  const { id } = await first.publish('open/1', 'said', 'before', { key: 'K' })
  await first.close()
  const second = newWire({ store: folder })
  expect((await second.history('open/1')).messages).toMatchObject([{ id, data: 'before' }])
  expect(await second.publish('open/1', 'said', 'before', { key: 'K' })).toEqual({ id, duplicate: true })
})

test('[8.7] a store that cannot open is told by health, by every request and by ready, and ends nothing', async () => {
  const faults = new Faults()
  const wire = everwire({ store: '/dev/null/nowhere', logger: faults })
  const server = createServer()
  wire.attach(server)
  const url = await listen(server)
  await expect(wire.ready()).rejects.toBeInstanceOf(Error)
  const health = await fetch(`${url}/healthz`)
  expect([health.status, await health.json()]).toEqual([503, { status: 'store-unavailable' }])
  const refused = await fetch(`${url}/wire/position`)
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(await refusal(refused)).toBe('503 store-unavailable')
  await expect(wire.position()).rejects.toThrow(/could not be opened/)
  expect(faults.found).toHaveLength(1)
  await wire.close()
})

test('[8.7] after close new work is refused as draining, and close is done once', async () => {
  const wire = newWire()
  const server = createServer()
  wire.attach(server)
  const url = await listen(server)
  await Promise.all([wire.close(), wire.close()])
  const health = await fetch(`${url}/healthz`)
  expect([health.status, await health.json()]).toEqual([503, { status: 'draining' }])
  expect(await refusal(await fetch(`${url}/wire/publish`, postOf({ channel: 'open/1', data: 1 })))).toBe(
    '503 draining',
  )
  await expect(wire.publish('open/1', 'x', 1)).rejects.toThrow(/going away/)
})

test('C14 close ends WebSockets so that they come back, and nothing remains', async () => {
  const { wire, port } = await start()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/wire/ws?channel=open/1`)
  await once(socket, 'message')
  expect(await wire.stats()).toMatchObject({ connections: 1 })
  const closed = once(socket, 'close')
  await wire.close()
  const [code, reason] = await closed
  expect([code, String(reason)]).toEqual([4512, expect.stringMatching(/^draining/)])
  expect(await wire.stats()).toMatchObject({ connections: 0, channels: 0 })
})

test('C14 close waits neither for kept-alive connections nor for those that never asked', async () => {
  const { wire, url, port } = await start()
  await (await fetch(`${url}/healthz`)).text()
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  const before = performance.now()
  await wire.close()
  expect(performance.now() - before).toBeLessThan(1_500)
  silent.destroy()
})

test('C33 C78 [6.2] a WebSocket from a foreign page is refused with 403 and counted', async () => {
  const { wire, port } = await start()
  const url = `ws://127.0.0.1:${port}/wire/ws`
  const foreign = new WebSocket(url, { origin: 'https://evil.example' })
  const [, response] = await once(foreign, 'unexpected-response')
  expect(response.statusCode).toBe(403)
  foreign.on('error', () => {}).terminate()
  expect((await wire.stats()).refused).toEqual({ 'forbidden-origin': 1 })
  const own = new WebSocket(url, { origin: `http://127.0.0.1:${port}` })
  const [welcome] = await once(own, 'message')
  expect(JSON.parse(String(welcome))).toMatchObject({ type: 'welcome' })
  own.close()
})

test('C35 a WebSocket route of the application speaks its own shapes', async () => {
  const wire = newWire()
  const server = createServer()
  wire.websocket('/v1/rooms/:room/ws', {
    open: (session) => session.send({ room: session.request.params['room'] }),
    receive: (message) =>
      typeof message === 'object' && message !== null && 'petId' in message
        ? { type: 'subscribe', channel: `open/${String(message.petId)}` }
        : undefined,
    send: (message) =>
      message.type === 'message'
        ? { pet: message.channel, update: message.data }
        : message.type === 'subscribed'
          ? 'ok'
          : undefined,
  })
  wire.attach(server)
  await listen(server)
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(server)}/v1/rooms/7%20a/ws`)
  expect(String((await once(socket, 'message'))[0])).toBe('{"room":"7 a"}')
  socket.send('{"petId":123}')
  expect(String((await once(socket, 'message'))[0])).toBe('ok')
  await wire.publish('open/123', 'x', { status: 'ADOPTED' })
  expect(String((await once(socket, 'message'))[0])).toBe('{"pet":"open/123","update":{"status":"ADOPTED"}}')
  socket.close()
})

test('a handler is given once for its pattern and event', () => {
  const wire = newWire()
  wire.handle('open/*', 'add', () => 1)
  expect(() => wire.handle('open/*', 'add', () => 2)).toThrow(/given twice/)
})

test('a port that is taken is an error of listen', async () => {
  const { port } = await start()
  await expect(newWire().listen(port, '127.0.0.1')).rejects.toThrow(/EADDRINUSE/)
})
