import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { EventSource } from 'eventsource'
import { EventSource as UndiciEventSource } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EventReader, openWire, RawClient } from '../support/wire.ts'
import { Queue } from '../support/queue.ts'

describe('the answer', () => {
  test('C1 C2 C3 C16 [7.1] its status and headers, on HTTP/1.1', async () => {
    const { base } = await openWire()
    const { response } = await EventReader.open(`${base}/sse?channel=a`)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': expect.stringMatching(/^text\/event-stream/),
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    })
  })

  test('C8 C11 [7.3] connected comes first and at once, with an id, the welcome and retry', async () => {
    const { base } = await openWire({ retryMs: 200, heartbeatMs: 20_000 })
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    const { event, id, data } = await stream.events.next()
    expect(event).toBe('connected')
    expect(id).toMatch(/^0-[0-9a-z]{10,24}$/)
    expect(JSON.parse(data)).toEqual({
      type: 'welcome',
      protocol: 1,
      heartbeatMs: 20_000,
      dedupeMs: 300_000,
      limits: { messageBytes: 65_536, batch: 100, channels: 128 },
      channels: ['a'],
    })
    expect(Math.abs((stream.retryMs ?? 0) - 200)).toBeLessThanOrEqual(50)
  })

  test('C8 streams that are cut together are told different times to come back, about what was asked for', async () => {
    const { base } = await openWire({ retryMs: 2_000 })
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => EventReader.open(`${base}/sse?channel=a`)),
    )
    await Promise.all(streams.map((stream) => stream.next('connected')))
    const times = streams.map(({ retryMs = 0 }) => retryMs)
    expect(new Set(times).size).toBeGreaterThan(10)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1_500)
    expect(Math.max(...times)).toBeLessThanOrEqual(2_500)
  })

  test('C23 on HTTP/1.0 nothing is chunked and the end of the connection ends the stream', async () => {
    const { port, wire } = await openWire()
    const raw = new RawClient(port)
    raw.socket.write('GET /wire/sse?channel=a HTTP/1.0\r\nHost: localhost\r\n\r\n')
    await raw.until('event: connected')
    await wire.publish('a', 'tick', 1)
    const whole = await raw.until('event: tick')
    expect(whole.toLowerCase()).not.toContain('transfer-encoding')
    expect(whole.toLowerCase()).not.toContain('keep-alive')
    expect(whole).toMatch(/\r\n\r\nretry: \d+\nevent: connected\n/)
  })

  test('a HEAD is answered without a stream', async () => {
    const { base } = await openWire()
    const answer = await fetch(`${base}/sse?channel=a`, { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('')
  })
})

describe('events', () => {
  test('C6 C7 [7.4] one channel: the name is the event, the data is the data, the id the position', async () => {
    const { base, wire } = await openWire()
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    await stream.next('connected')
    await wire.publish('a', 'statusChanged', { status: 'ADOPTED' })
    await wire.publish('a', 'message', 'plain')
    expect(await stream.events.next()).toMatchObject({
      event: 'statusChanged',
      id: expect.stringMatching(/^1-/),
      data: '{"status":"ADOPTED"}',
    })
    expect(await stream.events.next()).toMatchObject({ event: undefined, id: expect.stringMatching(/^2-/) })
  })

  test.each(['channel=a&channel=b', 'channel=a&envelope=1'])(
    'C63 [7.4] %s: default events, whole messages',
    async (query) => {
      const { base, wire } = await openWire()
      const stream = await EventReader.open(`${base}/sse?${query}`)
      await stream.next('connected')
      await wire.publish('a', 'statusChanged', { n: 1 })
      const { event, id, data } = await stream.events.next()
      expect(event).toBeUndefined()
      expect(JSON.parse(data)).toEqual({
        type: 'message',
        channel: 'a',
        id,
        event: 'statusChanged',
        data: { n: 1 },
        time: expect.any(Number),
        previous: '0',
      })
    },
  )

  test('[1.4] C7 a signal has no id and leaves the last one as it was', async () => {
    const { base, wire } = await openWire({ channels: { 'typing/*': { keep: 'none' }, '**': {} } })
    const stream = await EventReader.open(`${base}/sse?channel=a&channel=typing/a`)
    await stream.next('connected')
    await wire.publish('a', 'tick', 1)
    await stream.next('message')
    const before = stream.lastEventId
    await wire.publish('typing/a', 'typing', { user: 'u' })
    const signal = await stream.next('message')
    expect(JSON.parse(signal.data)).not.toHaveProperty('id')
    expect(signal.id).toBeUndefined()
    expect(stream.lastEventId).toBe(before)
  })

  test('C18 [7.4] bytes are base64 in JSON', async () => {
    const { base, wire } = await openWire()
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    await stream.next('connected')
    const bytes = randomBytes(1_024)
    await wire.publish('a', 'file', bytes)
    expect(Buffer.from(JSON.parse((await stream.next('file')).data), 'base64').equals(bytes)).toBe(true)
  })

  test('[7.4] ids carry floors while a channel starts ahead of the stream', async () => {
    const { base, wire } = await openWire()
    for (let i = 0; i < 5; i++) await wire.publish(i % 2 ? 'b' : 'a', 'n', i)
    const stream = await EventReader.open(`${base}/sse?channel=a&channel=b&after=earliest&after=now`)
    expect((await stream.next('connected')).id).toMatch(/^0-[0-9a-z]+\.1:5$/)
    const ids = (await stream.events.take(3)).map(({ id }) => id)
    expect(ids).toEqual([
      expect.stringMatching(/^1-[0-9a-z]+\.1:5$/),
      expect.stringMatching(/^3-[0-9a-z]+\.1:5$/),
      expect.stringMatching(/^5-[0-9a-z]+$/),
    ])
  })
})

describe('resuming', () => {
  test('C12 [7.2] resumes after a drop: 0 lost', async () => {
    const { base, wire } = await openWire()
    const got: unknown[] = []
    let id: string | undefined
    for (let round = 0; round < 10; round++) {
      const stream = await EventReader.open(
        `${base}/sse?channel=a`,
        id === undefined ? {} : { headers: { 'Last-Event-ID': id } },
      )
      id ??= (await stream.next('connected')).id
      await Promise.all(Array.from({ length: 20 }, (_, i) => wire.publish('a', 'n', round * 20 + i)))
      const take = round === 9 ? 200 - got.length : 7
      for (let i = 0; i < take; i++) {
        const event = await stream.next('n')
        got.push(JSON.parse(event.data))
        id = event.id
      }
      stream.close()
    }
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  test('C13 [7.2] Last-Event-ID wins over lastEventId, which wins over after and last', async () => {
    const { base, wire } = await openWire()
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push((await wire.publish('a', 'n', i)).id ?? '')
    const first = async (query: string, headers: Record<string, string> = {}) => {
      const stream = await EventReader.open(`${base}/sse?channel=a&${query}`, { headers })
      return JSON.parse((await stream.next('n')).data)
    }
    expect(await first('after=earliest')).toBe(0)
    expect(await first('last=1')).toBe(3)
    expect(await first(`lastEventId=${ids[0]}&after=earliest`)).toBe(1)
    expect(await first(`lastEventId=${ids[0]}&last=4`, { 'Last-Event-ID': ids[1] ?? '' })).toBe(2)
  })

  test('[2.4] a drop before the first message is resumed from connected', async () => {
    const { base, wire } = await openWire()
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    const { id = '' } = await stream.next('connected')
    stream.close()
    await wire.publish('a', 'n', 1)
    const again = await EventReader.open(`${base}/sse?channel=a`, { headers: { 'Last-Event-ID': id } })
    expect((await again.next('n')).data).toBe('1')
  })

  test('[2.6] C65 a position of another log is told before anything is delivered', async () => {
    const { base, wire } = await openWire()
    await wire.publish('a', 'n', 1)
    const stream = await EventReader.open(`${base}/sse?channel=a`, {
      headers: { 'Last-Event-ID': '7-otherepoch00' },
    })
    expect((await stream.events.next()).event).toBe('connected')
    const gap = await stream.events.next()
    expect(gap.event).toBe('gap')
    expect(JSON.parse(gap.data)).toMatchObject({
      type: 'gap',
      channel: 'a',
      after: '7-otherepoch00',
      reason: 'other-log',
      id: gap.id,
    })
    expect((await stream.events.next()).data).toBe('1')
  })

  test('[3.3] a latest channel begins with its whole state between marks', async () => {
    const { base, wire } = await openWire({ channels: { 'prices/*': { keep: 'latest' } } })
    for (const price of [1, 2, 3]) await wire.publish('prices/x', 'price', price, { slot: 'x' })
    await wire.publish('prices/x', 'price', 9, { slot: 'y' })
    const stream = await EventReader.open(`${base}/sse?channel=prices/x`)
    const events = await stream.events.take(5)
    expect(
      events.map(({ event, data }) => [event, data.startsWith('{') ? JSON.parse(data).phase : data]),
    ).toEqual([
      ['connected', undefined],
      ['snapshot', 'begin'],
      ['price', '3'],
      ['price', '9'],
      ['snapshot', 'end'],
    ])
    expect(events[1]?.id).toBeUndefined()
    expect(events[4]?.id).toMatch(/^4-/)
  })

  test('C20 plain EventSources, of two makers, come back by themselves and miss nothing', async () => {
    const { base, wire } = await openWire({ retryMs: 20, limits: { streamMs: 150 }, heartbeatMs: 200 })
    for (const Source of [EventSource, UndiciEventSource]) {
      const events = new Queue<unknown>()
      const connected = new Queue<unknown>()
      const source = new Source(`${base}/sse?channel=${Source.name}`)
      onTestFinished(() => source.close())
      source.addEventListener('connected', (event) => connected.push(event))
      source.addEventListener('n', (event: unknown) => events.push(JSON.parse((event as MessageEvent).data)))
      await connected.next()
      for (let round = 0; round < 3; round++) {
        await wire.publish(Source.name, 'n', round)
        // Ended by its age, and opened again.
        await connected.next()
      }
      expect(await events.take(3)).toEqual([0, 1, 2])
    }
  })
})

describe('refusals', () => {
  test.each([
    ['no channel', '', 400, 'bad-channel'],
    ['a pattern', 'channel=a*', 400, 'bad-channel'],
    ['a channel twice', 'channel=a&channel=a', 409, 'already-subscribed'],
    ['what is no position', 'channel=a&after=x', 400, 'bad-position'],
    ['two positions for one channel', 'channel=a&after=now&after=now', 400, 'bad-position'],
    ['what is no number', 'channel=a&last=x', 400, 'bad-message'],
    ['two starts', 'channel=a&last=1&after=now', 400, 'bad-message'],
    ['129 channels', 'channel=c&'.repeat(129), 400, 'too-many-channels'],
    ['a URL over 4 KiB', `channel=a&x=${'x'.repeat(4_096)}`, 414, 'uri-too-long'],
  ])('[7.1] [7.6] [9.1] %s is refused for good', async (_, query, status, code) => {
    const { base } = await openWire()
    const answer = await fetch(`${base}/sse?${query}`)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ error: { code } })
  })

  test('[7.6] one refused channel refuses the stream', async () => {
    const { base } = await openWire({
      dev: false,
      channels: { open: { subscribe: true }, closed: { subscribe: false } },
    })
    expect((await fetch(`${base}/sse?channel=open&channel=closed`)).status).toBe(403)
  })

  test('C21 [7.7] a server that goes away sends streams away with retry, error and the end', async () => {
    const { base, wire } = await openWire({ retryMs: 200 })
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    await stream.next('connected')
    const { lastEventId } = stream
    await wire.close()
    const error = await stream.next('error')
    expect(JSON.parse(error.data)).toMatchObject({ type: 'error', code: 'draining' })
    expect(error.id).toBeUndefined()
    expect(stream.lastEventId).toBe(lastEventId)
    expect(stream.retryMs).toBeGreaterThanOrEqual(200)
    await expect(stream.events.next()).rejects.toThrow('ended')
  })

  test('C21 [7.7] a refusal that may pass is 200, retry, error and the end', async () => {
    const { base } = await openWire({
      authenticate: () => {
        throw new Error('the user table is away')
      },
      logger: { error: () => {}, warn: () => {} },
    })
    const stream = await EventReader.open(`${base}/sse?channel=a`)
    if (stream.response.status === 401) return
    expect(stream.response.status).toBe(200)
    expect(JSON.parse((await stream.next('error')).data)).toMatchObject({ code: 'internal' })
    expect(stream.retryMs).toBeGreaterThan(1_000)
  })
})

describe('POST', () => {
  test('takes as JSON what would not fit a URL', async () => {
    const { base, wire } = await openWire()
    const channels = Array.from({ length: 128 }, (_, i) => `${'long/'.repeat(40)}${i}`)
    const stream = await EventReader.open(`${base}/sse`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ channels, after: 'now' }),
    })
    expect(stream.response.status).toBe(200)
    expect(JSON.parse((await stream.next('connected')).data).channels).toEqual(channels)
    await wire.publish(channels[7] ?? '', 'n', 1)
    expect(JSON.parse((await stream.next('message')).data)).toMatchObject({ channel: channels[7] })
  })

  test('[8.9] another content type is 415', async () => {
    const { base } = await openWire()
    expect((await fetch(`${base}/sse`, { method: 'POST', body: '{}' })).status).toBe(415)
  })
})

describe('life', () => {
  test('C9 C10 [7.8] [2.9] heartbeats are comments, with heartbeat=event events too; quiet streams advance', async () => {
    const { base, wire } = await openWire({ heartbeatMs: 40 })
    const stream = await EventReader.open(`${base}/sse?channel=a&heartbeat=event`)
    await stream.next('connected')
    expect(await stream.comments.next()).toBe('hb')
    const { data } = await stream.next('heartbeat')
    expect(JSON.parse(data)).toEqual({ time: expect.any(Number) })
    await wire.publish('elsewhere', 'n', 1)
    const position = await stream.next('position')
    expect(position).toMatchObject({ id: expect.stringMatching(/^1-/), data: '{}' })
    expect(stream.lastEventId).toBe(position.id)
  })

  test('C14 nothing remains of 50 clients that have left', async () => {
    const { base, wire } = await openWire()
    const streams = await Promise.all(
      Array.from({ length: 50 }, (_, i) => EventReader.open(`${base}/sse?channel=a&channel=${i}`)),
    )
    await Promise.all(streams.map((stream) => stream.next('connected')))
    expect(await wire.stats()).toMatchObject({ connections: 50, channels: 51 })
    for (const stream of streams) stream.close()
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 0, channels: 0 })
  })

  test('a stream ends cleanly at the end of its life, and HTTP goes on with the connection', async () => {
    const { port } = await openWire({ limits: { streamMs: 20 }, heartbeatMs: 40 })
    const raw = new RawClient(port)
    raw.socket.write('GET /wire/sse?channel=a HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await raw.until('\r\n0\r\n\r\n')
    raw.socket.write('GET /wire/position HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await raw.until('{"id":')).toContain('\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n')
  })
})

describe('compression', () => {
  test('C17 [7.10] a gzip client gets each event at once', async () => {
    const { base, wire } = await openWire({ compression: true })
    const stream = await EventReader.open(`${base}/sse?channel=a`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(stream.response.headers.get('content-encoding')).toBe('gzip')
    await stream.next('connected')
    for (let i = 0; i < 50; i++) {
      await wire.publish('a', 'n', { i, pad: 'pad '.repeat(i * 10) })
      expect(JSON.parse((await stream.next('n')).data)).toMatchObject({ i })
    }
  })

  test('C17 the whole is one gzip stream with a trailer that is right', async () => {
    const { port, wire } = await openWire({ compression: true })
    const raw = new RawClient(port)
    raw.socket.write(
      'GET /wire/sse?channel=a HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, gzip;q=0.5\r\nConnection: close\r\n\r\n',
    )
    await raw.until('\r\n\r\n')
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => wire.publish('a', 'n', { i, pad: 'é'.repeat(i) })),
    )
    await expect.poll(() => raw.received.length).toBeGreaterThan(3_000)
    await wire.close()
    await raw.until('\r\n0\r\n\r\n')
    const text = gunzipSync(unchunked(raw.received)).toString()
    expect(text).toContain('event: connected')
    expect(text.match(/^event: n$/gm)).toHaveLength(300)
    expect(text).toContain('draining')
  })

  test.each([['identity'], ['gzip;q=0'], ['br'], ['']])(
    'Accept-Encoding: %s is not compressed',
    async (accepted) => {
      const { base } = await openWire({ compression: true })
      const stream = await EventReader.open(`${base}/sse?channel=a`, {
        headers: { 'Accept-Encoding': accepted },
      })
      expect(stream.response.headers.get('content-encoding')).toBeNull()
    },
  )
})

/** The body of a raw chunked answer. */
function unchunked(raw: Buffer): Buffer {
  let at = raw.indexOf('\r\n\r\n') + 4
  const parts: Buffer[] = []
  for (;;) {
    const end = raw.indexOf('\r\n', at)
    const size = Number.parseInt(raw.subarray(at, end).toString(), 16)
    if (size === 0) return Buffer.concat(parts)
    parts.push(raw.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
