import { once } from 'node:events'
import { createServer, IncomingMessage } from 'node:http'
import { expect, test, vi } from 'vitest'
import { everwire, type EverwireOptions } from '../../src/index.ts'
import { portOf } from '../support/port.ts'
import { clientFrame, RawClient } from '../support/wire.ts'
import { listen, openRules, start, type Started } from './start.ts'

const request = (line: string, fields = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n${body}`
const get = (path: string, fields = '') => request(`GET ${path}`, fields)
const health = get('/healthz')
const post = (body: string, path = '/wire/publish') =>
  request(`POST ${path}`, `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body)
const handshake =
  'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'

/** The statuses of so many answers, once they have begun. */
async function answers(client: RawClient, count: number): Promise<readonly string[]> {
  for (;;) {
    const text = client.received.toString('latin1')
    const found = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = '']) => status)
    if (found.length >= count) return found
    await client.chunks.next()
  }
}

function say(client: RawClient, text: string): RawClient {
  client.socket.write(text, 'latin1')
  return client
}

/** Fulfilled once so many connections wait for something. */
async function waiting({ wire }: Pick<Started, 'wire'>, count: number): Promise<void> {
  await vi.waitFor(async () => expect((await wire.stats()).connections).toBe(count), { interval: 5 })
}

/** A poll of `open/1` that is held. */
async function heldPoll(started: Started): Promise<RawClient> {
  const position = await started.wire.position()
  const client = new RawClient(started.port)
  say(client, get(`/wire/poll?channel=open/1&after=${position}`))
  await waiting(started, 1)
  return client
}

test('plain requests and others take turns on one connection', async () => {
  const { port, wire } = await start()
  const client = new RawClient(port)
  expect(await answers(say(client, health), 1)).toEqual(['200'])
  expect(await answers(say(client, get('/wire/history?channel=open/1')), 2)).toEqual(['200', '200'])
  expect(await answers(say(client, post('{"channel":"open/1","data":1}')), 3)).toHaveLength(3)
  expect(await answers(say(client, health), 4)).toHaveLength(4)
  expect(await answers(say(client, get('/nowhere')), 5)).toEqual(['200', '200', '200', '200', '404'])
  expect((await wire.history('open/1')).messages).toHaveLength(1)
})

test('a request that comes in pieces is answered all the same', async () => {
  const { port } = await start()
  const client = new RawClient(port)
  client.socket.setNoDelay()
  for (const piece of health) {
    client.socket.write(piece)
    await new Promise(setImmediate)
  }
  expect(await answers(client, 1)).toEqual(['200'])
  expect(await answers(say(client, health), 2)).toEqual(['200', '200'])
})

test('pipelined requests are answered in their order, whatever they are (RFC 9112, 9.3.2)', async () => {
  const started = await start()
  const together = say(new RawClient(started.port), health + get('/wire/nothing') + health)
  expect(await answers(together, 3)).toEqual(['200', '404', '200'])
  const behind = await heldPoll(started)
  say(behind, get('/wire/nothing') + post('{"channel":"open/2","data":1}'))
  // No answer may overtake the one that is held.
  expect(await answers(say(new RawClient(started.port), health), 1)).toEqual(['200'])
  expect(behind.received).toHaveLength(0)
  await started.wire.publish('open/1', 'said', 1)
  expect(await answers(behind, 3)).toEqual(['200', '404', '200'])
  expect(await answers(say(behind, health), 4)).toHaveLength(4)
})

test('what comes behind a stream is not read, so that it fills nothing', async () => {
  const started = await start()
  const client = say(new RawClient(started.port), get('/wire/sse?channel=open/1'))
  await client.until('event: connected')
  const piece = Buffer.alloc(1_024 * 1_024, 'x')
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 32; i++) client.socket.write(piece)
  // Time for all of it to be read, and for the stream to go on.
  for (let i = 0; i < 100; i++) {
    await started.wire.publish('open/1', 'said', `still here: ${i}`)
    await client.until(`still here: ${i}`)
  }
  // Most of it is with the client and the system.
  expect(client.socket.writableLength).toBeGreaterThan(16 * piece.length)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * piece.length)
})

test('a connection ends where its client, or the server, says so', async () => {
  const { port } = await start()
  const client = say(new RawClient(port), get('/healthz', 'Connection: close\r\n'))
  await once(client.socket, 'close')
  expect(client.received.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nconnection: close\r\n/s)
  const stream = await start()
  const reader = say(new RawClient(stream.port), get('/wire/sse?channel=open/1'))
  await reader.until('event: connected')
  await stream.wire.close()
  await once(reader.socket, 'close')
  expect(reader.received.toString()).toMatch(/"draining".*\r\n0\r\n\r\n$/s)
})

test('the server closes at once when its connections wait for another request', async () => {
  const { port, wire } = await start()
  const client = say(new RawClient(port), health)
  await answers(client, 1)
  const began = performance.now()
  await Promise.all([wire.close(), once(client.socket, 'close')])
  // Otherwise the connection would be kept for two seconds more.
  expect(performance.now() - began).toBeLessThan(1_500)
})

test('whoever says nothing is cut', async () => {
  const { port } = await start({ limits: { headersMs: 50 } })
  const client = new RawClient(port)
  await once(client.socket, 'close')
  expect(client.received).toHaveLength(0)
})

test('a poll whose peer goes is over, however it goes', async () => {
  const started = await start()
  const reset = await heldPoll(started)
  reset.socket.resetAndDestroy()
  await waiting(started, 0)
  const ended = await heldPoll(started)
  ended.socket.end()
  await waiting(started, 0)
  await expect.poll(() => ended.socket.closed).toBe(true)
  expect([reset, ended].map((client) => client.received.length)).toEqual([0, 0])
})

test('the application sees the request of node:http', async () => {
  const seen: unknown[] = []
  const { port } = await start({ authenticate: ({ raw }) => void seen.push(raw) })
  const client = say(new RawClient(port), get('/wire/history?channel=open/1', 'Cookie: a=1\r\n'))
  await answers(client, 1)
  const [raw] = seen
  expect(raw).toBeInstanceOf(IncomingMessage)
  if (!(raw instanceof IncomingMessage)) return
  const { method, url, httpVersion, headers, rawHeaders, complete, socket } = raw
  expect({ method, url, httpVersion, headers, rawHeaders, complete }).toEqual({
    method: 'GET',
    url: '/wire/history?channel=open/1',
    httpVersion: '1.1',
    headers: { host: '127.0.0.1', cookie: 'a=1' },
    rawHeaders: ['host', '127.0.0.1', 'cookie', 'a=1'],
    complete: true,
  })
  expect(socket.remotePort).toBe(client.socket.localPort)
  let read = ''
  for await (const chunk of raw) read += String(chunk)
  expect(read).toBe('')
})

test('frames that come before the handshake is answered are not lost', async () => {
  const known = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const authenticate = async () => {
    asked.resolve()
    await known.promise
  }
  const { port } = await start({ authenticate })
  const client = say(new RawClient(port), get('/wire/ws', handshake))
  await asked.promise
  client.socket.write(clientFrame(1, '{"type":"subscribe","channel":"open/1"}'))
  const other = say(new RawClient(port), health)
  await answers(other, 1)
  known.resolve()
  expect(await client.until('"subscribed"')).toMatch(/^HTTP\/1\.1 101 /)
  client.socket.write(clientFrame(1, '{"type":"subscribe","channel":"open/2"}'))
  await client.until('open/2')
})

test('a handshake that is refused is answered, and ends its connection', async () => {
  const { port } = await start()
  const fields = handshake.replace('dGhlIHNhbXBsZSBub25jZQ==', 'short')
  const client = say(new RawClient(port), get('/wire/ws', fields))
  await once(client.socket, 'close')
  expect(client.received.toString()).toMatch(/^HTTP\/1\.1 400 .*\r\nconnection: close\r\n.*"bad-message"/s)
})

/** An answer without what differs from one to the next. */
async function answered(port: number, text: string): Promise<string> {
  const client = say(new RawClient(port), text)
  await client.until('\r\n\r\n')
  if (!/content-length: 0\r\n|304 /.test(client.received.toString())) {
    await client.until(client.received.includes('chunked') ? 'event: ' : '}')
  }
  const [head = '', body = ''] = client.received.toString().split('\r\n\r\n', 2)
  const [status, ...fields] = head.replace(/date: .*/i, 'date: -').split('\r\n')
  const names = fields.map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase())).sort()
  return [status, ...names, body.replaceAll(/\d-[0-9a-z]+|retry: \d+/g, '-')].join('\n')
}

test.each([
  ['health', health],
  ['a poll', get('/wire/poll?channel=open/1')],
  ['a poll of a page elsewhere', get('/wire/poll?channel=open/1', 'Origin: https://a.example\r\n')],
  ['a stream', get('/wire/sse?channel=open/1')],
  ['a stream of two channels', get('/wire/sse?channel=open/1&channel=open/2', 'Connection: keep-alive\r\n')],
  ['a stream without a right', get('/wire/sse?channel=shut/1')],
  ['a page that may not ask', get('/wire/sse?channel=open/1', 'Origin: https://b.example\r\n')],
  ['a path that is nowhere', get('/wire/nothing', 'Connection: close\r\n')],
  ['a socket without a handshake', get('/wire/ws')],
  ['a handshake of version 12', get('/wire/ws', handshake.replace('13', '12'))],
  ['a publish', post('{"channel":"open/1","data":1}')],
  ['a publish of no JSON', post('{"channel"')],
  ['a publish without a body', post('')],
  ['a publish that is too large', post(`{"channel":"open/1","data":"${'x'.repeat(1_100)}"}`)],
  ['a request that is too large', post(' '.repeat(2_100), '/wire/request')],
  ['bytes that are no UTF-8', get('/wire/poll?channel=%ff')],
])('%s is answered as on a server of node:http', async (_name, text) => {
  const options: EverwireOptions = {
    channels: openRules,
    origins: ['https://a.example'],
    limits: { messageBytes: 1_000 },
  }
  const { port } = await start(options)
  const attached = everwire(options)
  // As a server of our own has it.
  const server = createServer({ keepAliveTimeout: 65_000 })
  attached.attach(server)
  await listen(server)
  const there = await answered(portOf(server), text)
  expect(await answered(port, text)).toBe(there)
  await attached.close()
  server.closeAllConnections()
})
