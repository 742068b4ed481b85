import { Blob } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Client, clientFrame, openWire, RawClient } from '../support/wire.ts'

describe('the handshake', () => {
  test('C24 [6.1] answers the key of RFC 6455', async () => {
    const { port } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade()
    const answer = await raw.until('\r\n\r\n')
    expect(answer).toContain('HTTP/1.1 101 Switching Protocols')
    expect(answer).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })

  test('C25 [6.1] refuses another version with 426 and names 13', async () => {
    const { port } = await openWire()
    for (const version of ['8', '14', 'x']) {
      const raw = new RawClient(port)
      raw.upgrade('/wire/ws', { 'Sec-WebSocket-Version': version })
      const answer = await raw.until('upgrade-required')
      expect(answer).toMatch(/^HTTP\/1.1 426 /)
      expect(answer.toLowerCase()).toContain('sec-websocket-version: 13')
    }
  })

  test('[6.1] answers a plain GET with 426', async () => {
    const { base } = await openWire()
    const answer = await fetch(`${base}/ws`)
    expect(answer.status).toBe(426)
    expect(answer.headers.get('upgrade')).toBe('websocket')
    expect(await answer.json()).toMatchObject({ error: { code: 'upgrade-required' } })
  })

  test('[9.1] refuses a key that is none', async () => {
    const { port } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws', { 'Sec-WebSocket-Key': 'short' })
    expect(await raw.until('bad-message')).toMatch(/^HTTP\/1.1 400 /)
  })

  test('C33 [6.2] refuses a foreign origin with 403 and counts it', async () => {
    const { port, wire } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws', { Origin: 'https://evil.example' })
    expect(await raw.until('forbidden-origin')).toMatch(/^HTTP\/1.1 403 /)
    expect((await wire.stats()).refused).toMatchObject({ 'forbidden-origin': 1 })
  })

  test('[6.3] subscribes to the channels that it names', async () => {
    const { base, wire } = await openWire()
    await wire.publish('a', 'tick', 1)
    const client = await Client.open(base, '/ws?channel=a&channel=b&after=earliest')
    const { id } = await client.next('message')
    expect(id).toMatch(/^1-/)
    await expect.poll(() => client.said.seen.filter(({ type }) => type === 'subscribed').length).toBe(2)
  })

  test.each(['a%00b', 'a/*', '%20a', 'x'.repeat(256), ''])(
    '[1.1] [6.3] C38 that names the channel "%.10s" is refused',
    async (channel) => {
      const { port } = await openWire()
      const raw = new RawClient(port)
      raw.upgrade(`/wire/ws?channel=a&channel=${channel}`)
      expect(await raw.until('"code"')).toMatch(/^HTTP\/1.1 400 .*bad-channel/s)
    },
  )

  test('[6.5] takes nobody whose window is smaller than the shared frames need', async () => {
    const { port } = await openWire({ compression: true })
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws', { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=9' })
    expect(await raw.until('\r\n\r\n')).not.toContain('permessage-deflate')
    const other = new RawClient(port)
    other.upgrade('/wire/ws', { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
    const answer = await other.until('\r\n\r\n')
    expect(answer).toContain('server_no_context_takeover')
    expect(answer).toContain('client_no_context_takeover')
  })
})

describe('commands', () => {
  test('C36 [5.1] welcome is the first message', async () => {
    const { base } = await openWire({ heartbeatMs: 20_000 })
    const client = new Client(base, '/ws?channel=a')
    expect(await client.said.next()).toEqual({
      type: 'welcome',
      protocol: 1,
      heartbeatMs: 20_000,
      dedupeMs: 300_000,
      limits: { messageBytes: 65_536, batch: 100, channels: 128 },
    })
  })

  test('C35 [2.4] a bare subscribe is answered with a position', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    client.say({ type: 'subscribe', channel: 'pets/1', ref: 'x' })
    expect(await client.said.next()).toMatchObject({
      type: 'subscribed',
      channel: 'pets/1',
      id: expect.stringMatching(/^0-[0-9a-z]{10,24}$/),
      ref: 'x',
    })
  })

  test.each([
    ['{', { code: 'bad-json' }],
    ['[]', { code: 'bad-message' }],
    ['7', { code: 'bad-message' }],
    ['{"type":"fly","ref":9}', { code: 'unknown-type', ref: 9 }],
    ['{"ref":"r"}', { code: 'unknown-type', ref: 'r' }],
    ['{"type":"subscribe","channel":"*","ref":1}', { code: 'bad-channel', ref: 1 }],
    [
      '{"type":"subscribe","channel":"a","after":"soon","ref":1}',
      { code: 'bad-position', ref: 1, channel: 'a' },
    ],
    ['{"type":"subscribe","channel":"a","last":-1,"ref":1}', { code: 'bad-message', ref: 1 }],
    ['{"type":"unsubscribe","channel":"a","ref":1}', { code: 'not-subscribed', ref: 1, channel: 'a' }],
    ['{"type":"publish","channel":"a","ref":1}', { code: 'bad-message', ref: 1 }],
    ['{"type":"request","channel":"a","event":"e","data":1,"ref":1}', { code: 'no-handler', ref: 1 }],
    ['['.repeat(65), { code: 'too-deep' }],
  ])('C38 C39 [4.2] %s is answered, and the next message is served', async (text, error) => {
    const { base } = await openWire()
    const client = await Client.open(base)
    client.say(text)
    expect(await client.said.next()).toMatchObject({ type: 'error', ...error, message: expect.any(String) })
    client.say({ type: 'ping' })
    expect((await client.said.next()).type).toBe('ping')
  })

  test('[4.4] a second subscribe to a channel is refused', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    await client.subscribe('a')
    client.say({ type: 'subscribe', channel: 'a', ref: 2 })
    expect(await client.said.next()).toMatchObject({
      type: 'error',
      code: 'already-subscribed',
      ref: 2,
      channel: 'a',
    })
  })

  test('[4] a subscribe and an unsubscribe sent together take effect in that order', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    for (let i = 0; i < 10; i++) {
      client.say({ type: 'subscribe', channel: 'a' })
      client.say({ type: 'unsubscribe', channel: 'a' })
    }
    const types = (await client.said.take(20)).map(({ type }) => type)
    expect(types).toEqual(Array.from({ length: 10 }, () => ['subscribed', 'unsubscribed']).flat())
  })

  test('[4] no message comes after unsubscribed', async () => {
    const { base, wire } = await openWire()
    const client = await Client.open(base)
    await client.subscribe('a')
    const published = Promise.all(Array.from({ length: 500 }, (_, i) => wire.publish('a', 'tick', i)))
    client.say({ type: 'unsubscribe', channel: 'a' })
    await published
    client.say({ type: 'ping' })
    await client.next('ping')
    const types = client.said.seen.map(({ type }) => type)
    expect(types.slice(types.indexOf('unsubscribed') + 1)).not.toContain('message')
  })

  test('[4.3] publishes take effect in the order in which they were sent', async () => {
    const { base, wire } = await openWire()
    const client = await Client.open(base)
    for (let i = 0; i < 300; i++) client.say({ type: 'publish', channel: 'a', data: i, ref: i })
    const refs: unknown[] = []
    while (refs.length < 300) refs.push((await client.next('published'))['ref'])
    expect(refs).toEqual(Array.from({ length: 300 }, (_, i) => i))
    const { messages } = await wire.history('a', { limit: 1_000 })
    expect(messages.map(({ data }) => data)).toEqual(refs)
  })

  test('a key makes a publish take effect once', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    const publish = { type: 'publish', channel: 'a', data: 1, key: 'k' }
    client.say(publish)
    client.say(publish)
    client.say({ ...publish, data: 2, ref: 3 })
    const [first, second, third] = await client.said.take(3)
    expect(first).toMatchObject({ type: 'published', duplicate: false })
    expect(second).toEqual({ ...first, duplicate: true })
    expect(third).toMatchObject({ type: 'error', code: 'key-reused', ref: 3 })
  })

  test('C40 a request is answered on the same connection', async () => {
    const { base, wire } = await openWire()
    wire.handle('calc', 'double', ({ data }) => Number(data) * 2)
    const client = await Client.open(base)
    client.say({ type: 'request', channel: 'calc', event: 'double', data: 21, ref: 'q' })
    expect(await client.said.next()).toEqual({ type: 'response', ref: 'q', data: 42 })
  })

  test('a slow request holds up nobody', async () => {
    const { base, wire } = await openWire()
    const { promise, resolve } = Promise.withResolvers<string>()
    wire.handle('calc', 'slow', () => promise)
    const client = await Client.open(base)
    client.say({ type: 'request', channel: 'calc', event: 'slow', data: null, ref: 1 })
    client.say({ type: 'publish', channel: 'a', data: 1 })
    expect((await client.said.next()).type).toBe('published')
    resolve('late')
    expect(await client.said.next()).toEqual({ type: 'response', ref: 1, data: 'late' })
  })
})

describe('delivery', () => {
  test('C37 everybody gets what is broadcast', async () => {
    const { base, wire } = await openWire()
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open(base)))
    await Promise.all(clients.map((client) => client.subscribe('all')))
    await wire.publish('all', 'news', { n: 1 })
    for (const client of clients) expect(await client.data(1)).toEqual([{ n: 1 }])
  })

  test('[5.3] the fields of a message stand in their order', async () => {
    const { base, wire } = await openWire({ channels: { 'slots/*': { keep: 'latest' } } })
    const client = await Client.open(base)
    await client.subscribe('a')
    await wire.publish('a', 'tick', { z: 1 })
    const message = await client.next('message')
    expect(Object.keys(message)).toEqual(['type', 'channel', 'id', 'event', 'data', 'time', 'previous'])
    await client.subscribe('slots/1')
    await wire.publish('slots/1', 'set', null, { slot: 's', removed: true })
    const removal = await client.next('message')
    expect(Object.keys(removal)).toEqual([
      'type',
      'channel',
      'id',
      'event',
      'data',
      'time',
      'slot',
      'removed',
    ])
  })

  test('C41 100 channels on one connection', async () => {
    const { base, wire } = await openWire()
    const client = await Client.open(base)
    const channels = Array.from({ length: 100 }, (_, i) => `c/${i}`)
    await Promise.all(channels.map(async (channel) => client.say({ type: 'subscribe', channel })))
    for (let i = 0; i < 100; i++) await client.next('subscribed')
    await Promise.all(channels.map((channel) => wire.publish(channel, 'tick', channel)))
    expect(new Set(await client.data(100))).toEqual(new Set(channels))
  })

  test('the 129th channel is refused', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    for (let i = 0; i < 129; i++) client.say({ type: 'subscribe', channel: `c/${i}`, ref: i })
    const answers = await client.said.take(129)
    expect(answers.filter(({ type }) => type === 'subscribed')).toHaveLength(128)
    expect(answers.find(({ type }) => type === 'error')).toMatchObject({ code: 'too-many-channels' })
  })

  test('C42 [4.3] both sides send 10,000 at once, order kept', async () => {
    const { base, wire } = await openWire()
    const count = 10_000
    const client = await Client.open(base)
    await client.subscribe('down')
    const flood = async () => {
      for (let i = 0; i < count; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, j) => wire.publish('down', 'n', i + j)))
      }
    }
    const flooded = flood()
    for (let i = 0; i < count; i++) client.say({ type: 'publish', channel: 'up', data: i, ref: i })
    const down: unknown[] = []
    const refs: unknown[] = []
    while (down.length < count || refs.length < count) {
      const said = await client.said.next()
      if (said.type === 'message') down.push(said['data'])
      else if (said.type === 'published') refs.push(said['ref'])
      else throw new Error(JSON.stringify(said))
    }
    await flooded
    const whole = Array.from({ length: count }, (_, i) => i)
    expect(down).toEqual(whole)
    expect(refs).toEqual(whole)
    const up: unknown[] = []
    for (let after = 'earliest'; up.length < count;) {
      const { messages } = await wire.history('up', { after, limit: 1_000 })
      up.push(...messages.map(({ data }) => data))
      after = messages.at(-1)?.id ?? after
    }
    expect(up).toEqual(whole)
  }, 60_000)

  test('C12 [3.2] a dropped connection resumes where it was: none lost, none twice', async () => {
    const { base, wire } = await openWire()
    const got: unknown[] = []
    let after: unknown = 'now'
    for (let round = 0; round < 10; round++) {
      const client = await Client.open(base)
      const { id } = await client.subscribe('a', { after })
      after = id
      await Promise.all(Array.from({ length: 20 }, (_, i) => wire.publish('a', 'n', round * 20 + i)))
      const take = round === 9 ? 200 - got.length : 10
      for (let i = 0; i < take; i++) {
        const message = await client.next('message')
        got.push(message['data'])
        after = message['id']
      }
      client.webSocket.close()
    }
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })
})

describe('messages of one turn', () => {
  /** What each frame for a follower of `a` holds, once there was a message `last`. */
  async function framesOf(base: string, query: string, publishAll: () => Promise<unknown>) {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws?channel=a${query}`)
    socket.binaryType = 'arraybuffer'
    const frames: unknown[] = []
    const last = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        frames.push(typeof data === 'string' ? JSON.parse(data) : 'bytes')
        if (typeof data === 'string' && data.includes('"last"')) resolve()
        if (typeof data === 'string' && data.includes('"subscribed"')) void publishAll()
      }
    })
    await last
    socket.close()
    return frames.slice(2)
  }

  test.each([
    ['', [1, 2, 'bytes', 3, 4, 'last']],
    ['&frames=arrays', [[1, 2], 'bytes', [3, 4, 'last']]],
  ])('[6.7] with %j, come in the frames that were asked for, in their order', async (query, expected) => {
    const { base, wire } = await openWire()
    const published: unknown[] = [1, 2, new Uint8Array([0, 1]), 3, 4, 'last']
    const frames = await framesOf(base, query, () =>
      Promise.all(published.map((data) => wire.publish('a', 'n', data))),
    )
    const dataOf = (frame: unknown): unknown =>
      Array.isArray(frame) ? frame.map(dataOf) : frame === 'bytes' ? frame : (frame as { data: unknown }).data
    expect(frames.map(dataOf)).toEqual(expected)
  })
})

describe('bytes', () => {
  test('C18 C26 C27 [6.4] a binary publish comes back as a binary frame with the same bytes', async () => {
    const { base, wire } = await openWire()
    const client = await Client.open(base)
    await client.subscribe('files')
    const bytes = randomBytes(1_024)
    const header = Buffer.from(JSON.stringify({ type: 'publish', channel: 'files', ref: 1 }))
    const frame = Buffer.concat([Buffer.from([header.length >> 8, header.length & 0xff]), header, bytes])
    client.webSocket.send(new Blob([frame]))
    const whole = Buffer.from(await client.bytes.next())
    const length = whole.readUInt16BE(0)
    const back: unknown = JSON.parse(whole.subarray(2, 2 + length).toString())
    expect(back).toMatchObject({ type: 'message', channel: 'files', event: 'message' })
    expect(back).not.toHaveProperty('data')
    expect(whole.subarray(2 + length).equals(bytes)).toBe(true)
    client.webSocket.send(new Uint8Array(frame).buffer)
    await client.bytes.next()
    const { messages } = await wire.history('files')
    expect(messages.map(({ data }) => data)).toEqual([bytes.toString('base64'), bytes.toString('base64')])
  })

  test.each([
    [Buffer.alloc(0)],
    [Buffer.from([0])],
    [Buffer.from([255, 255, 1])],
    [Buffer.from('\u0000\u0002[]')],
  ])('[6.4] a binary frame of another form is a bad-message: %j', async (frame) => {
    const { base } = await openWire()
    const client = await Client.open(base)
    client.webSocket.send(new Uint8Array(frame))
    expect(await client.said.next()).toMatchObject({ type: 'error', code: 'bad-message' })
    client.say({ type: 'ping' })
    expect((await client.said.next()).type).toBe('ping')
  })
})

describe('what ends a connection', () => {
  test('[4.2] text that is not UTF-8: 1007 with a reason', async () => {
    const { port } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade()
    await raw.until('welcome')
    raw.socket.write(clientFrame(1, Buffer.from([0xff, 0xfe])))
    expect(await raw.until('bad-utf8')).toContain('\u0003\u00efbad-utf8')
  })

  test('[4.2] a frame over the limit: 1009 with a reason', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    client.say(`"${'x'.repeat(200_000)}"`)
    expect(await client.closed).toEqual({ code: 1009, reason: expect.stringMatching(/^too-large: /) })
  })

  test('data over the limit in a frame that is not is refused, and the connection lives', async () => {
    const { base } = await openWire()
    const client = await Client.open(base)
    client.say({ type: 'publish', channel: 'a', data: 'x'.repeat(66_000), ref: 1 })
    expect(await client.said.next()).toMatchObject({ type: 'error', code: 'too-large', ref: 1 })
    client.say({ type: 'ping' })
    expect((await client.said.next()).type).toBe('ping')
  })

  test('a message in too many fragments', async () => {
    const { port } = await openWire({ limits: { fragments: 16 } })
    const raw = new RawClient(port)
    raw.upgrade()
    await raw.until('welcome')
    raw.socket.write(clientFrame(1, 'x', false))
    for (let i = 0; i < 20; i++) raw.socket.write(clientFrame(0, 'x', false))
    expect(await raw.until('too-large')).toContain('too-large: ')
  })

  test('C30 [6.6] a drain: 4512, come back', async () => {
    const { base, wire } = await openWire()
    const client = await Client.open(base)
    await client.subscribe('a')
    await wire.publish('a', 'last', 1)
    await client.next('message')
    await wire.close()
    expect(await client.closed).toEqual({ code: 4512, reason: expect.stringMatching(/^draining: /) })
  })

  test('nothing remains of connections that were cut', async () => {
    const { port, wire } = await openWire()
    const raws = Array.from({ length: 20 }, () => new RawClient(port))
    for (const raw of raws) raw.upgrade('/wire/ws?channel=a')
    await Promise.all(raws.map((raw) => raw.until('subscribed')))
    expect(await wire.stats()).toMatchObject({ connections: 20, channels: 1 })
    for (const raw of raws) raw.socket.resetAndDestroy()
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 0, channels: 0 })
  })

  test('a peer that goes in the middle of a handshake harms nobody', async () => {
    const { base, port } = await openWire()
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
        socket.write(
          'GET /wire/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-Web',
        )
        socket.resetAndDestroy()
      }),
    )
    expect(await Client.open(base)).toBeDefined()
  })
})
