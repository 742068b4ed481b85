import { createServer } from 'node:https'
import { Agent } from 'undici'
import { WebSocket as WsClient, type RawData } from 'ws'
import { describe, expect, onTestFinished, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { localhost } from '../support/localhost.ts'
import { Queue } from '../support/queue.ts'
import { listening } from '../support/port.ts'
import { Client, clientFrame, openWire, RawClient, type Said } from '../support/wire.ts'

const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

function saidIn(data: RawData): Said {
  return JSON.parse(Buffer.isBuffer(data) ? data.toString() : '{}')
}

describe('frames of a client', () => {
  test('C57 cut at every byte are whole messages', async () => {
    const { port } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade()
    await raw.until('welcome')
    const bytes = Buffer.concat([
      clientFrame(opcodes.text, '{"type":"publish","channel":"a","data":"ä👋","ref":1}'),
      clientFrame(opcodes.text, '{"type":"publ', false),
      clientFrame(opcodes.ping, 'between'),
      clientFrame(0, 'ish","channel":"a","data":2,"ref":2}'),
    ])
    raw.socket.setNoDelay(true)
    for (const byte of bytes) {
      raw.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const said = await raw.until('"ref":2')
    const places = ['"ref":1', '\x8a\x07between', '"ref":2'].map((text) => said.indexOf(text))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
  })

  test('[4.2] a frame that breaks RFC 6455 ends the connection with a reason', async () => {
    const { port, wire } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade()
    await raw.until('welcome')
    // Not masked.
    raw.socket.write(Buffer.from([0x81, 0x01, 0x78]))
    expect(await raw.until('bad-message')).toContain('\x03\xeabad-message')
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 0 })
  })

  test('a close is answered with a close, and all that was sent before comes before', async () => {
    const { port, wire } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws?channel=a')
    await raw.until('subscribed')
    raw.socket.write(
      Buffer.concat([
        clientFrame(opcodes.text, '{"type":"ping"}'),
        clientFrame(opcodes.close, Buffer.from([0x03, 0xe8])),
      ]),
    )
    const said = await raw.until('\x88\x02\x03\xe8')
    expect(said.endsWith('{"type":"ping"}\x88\x02\x03\xe8')).toBe(true)
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 0 })
  })

  test('pings of one who does not read are answered once, with the last', async () => {
    const { port } = await openWire({ limits: { unsentBytes: 1_024 } })
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws?channel=a')
    await raw.until('subscribed')
    for (let i = 0; i < 100; i++) raw.socket.write(clientFrame(opcodes.ping, `ping ${i}`))
    expect(await raw.until('ping 99')).toContain('\x8a\x07ping 99')
  })
})

describe('a socket that is slow', () => {
  test('is written to no further than its limit, and gets everything once it reads', async () => {
    const { port, wire } = await openWire({ channels: { '**': { count: 100_000, bytes: '200MB' } } })
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws?channel=bulk')
    await raw.until('subscribed')
    raw.socket.pause()
    const pad = 'x'.repeat(10_000)
    const count = 2_000
    for (let i = 0; i < count; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => wire.publish('bulk', 'n', { i: i + j, pad })))
    }
    raw.socket.resume()
    await raw.until(`"i":${count - 1},`)
    const found = [...raw.received.toString('latin1').matchAll(/"data":\{"i":(\d+),/g)].map(([, i]) =>
      Number(i),
    )
    expect(found).toEqual(Array.from({ length: count }, (_, i) => i))
  }, 60_000)

  test('of which no byte leaves is ended, and counted', async () => {
    // It answers no ping either: its death has to be further off than its stalling, on a busy machine too.
    const { port, wire } = await openWire({ heartbeatMs: 2_000, limits: { stallMs: 150 } })
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws?channel=bulk')
    await raw.until('subscribed')
    raw.socket.pause()
    const pad = 'x'.repeat(60_000)
    for (let i = 0; i < 400; i++) await wire.publish('bulk', 'n', { i, pad })
    await expect.poll(() => wire.stats(), { timeout: 10_000 }).toMatchObject({ connections: 0 })
    expect(Object.keys((await wire.stats()).refused)).toEqual(['slow-reader'])
  }, 30_000)
})

describe('a peer in the dark', () => {
  test('C28 C29 pings keep a quiet connection; who answers nothing is ended after two heartbeats', async () => {
    const { base, port, wire } = await openWire({ heartbeatMs: 60 })
    const alive = await Client.open(base)
    // Reads, and never answers a ping.
    const dead = new RawClient(port)
    dead.upgrade()
    await dead.until('welcome')
    await dead.until('\x89\x00')
    await dead.chunks.find(() => false).catch(() => {})
    expect(dead.received.toString('latin1')).toContain('{"type":"ping"}')
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await alive.next('ping')
    await alive.next('ping')
    expect(alive.webSocket.readyState).toBe(alive.webSocket.OPEN)
  })
})

describe('compression', () => {
  test('C31 [6.5] large messages reach two clients compressed, small ones as they are', async () => {
    const { wire, url } = await openWire({ compression: true })
    const clients = Array.from(
      { length: 2 },
      () => new WsClient(`${url.replace('http', 'ws')}/wire/ws?channel=a`),
    )
    const texts = clients.map((client) => {
      const said = new Queue<Said>()
      onTestFinished(() => client.terminate())
      client.on('message', (data) => said.push(saidIn(data)))
      return said
    })
    for (const said of texts) await said.find(({ type }) => type === 'subscribed')
    expect(clients[0]?.extensions).toContain('permessage-deflate')
    const data = Array.from({ length: 40 }, (_, i) => ({ i, text: 'é '.repeat(i * 100) }))
    await Promise.all(data.map((each) => wire.publish('a', 'n', each)))
    for (const said of texts) {
      const got = (await said.take(40)).map((message) => message['data'])
      expect(got).toEqual(data)
    }
  })

  test('C31 what a client compresses is understood, and counted against the limit inflated', async () => {
    const { url } = await openWire({ compression: true })
    const client = new WsClient(`${url.replace('http', 'ws')}/wire/ws`, {
      perMessageDeflate: { threshold: 0 },
    })
    onTestFinished(() => client.terminate())
    const said = new Queue<Said>()
    client.on('message', (data) => said.push(saidIn(data)))
    await said.find(({ type }) => type === 'welcome')
    client.send(JSON.stringify({ type: 'publish', channel: 'a', data: 'x'.repeat(60_000) }))
    expect((await said.next()).type).toBe('published')
    const closed = new Promise((resolve) => client.once('close', (code) => resolve(code)))
    client.send(`"${'x'.repeat(10_000_000)}"`)
    expect(await closed).toBe(1009)
  })
})

test('C34 wss:// is served like ws://', async () => {
  const server = createServer(localhost)
  const wire = everwire({ dev: true })
  onTestFinished(async () => {
    await wire.close()
    server.closeAllConnections()
    server.close()
  })
  wire.attach(server)
  const port = await listening(server)
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const client = await Client.open(`https://127.0.0.1:${port}/wire`, '/ws?channel=a', { dispatcher })
  await client.next('subscribed')
  await wire.publish('a', 'n', 'x'.repeat(50_000))
  expect(await client.data(1)).toEqual(['x'.repeat(50_000)])
})
