import { createHook } from 'node:async_hooks'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Everwire } from '../../src/index.ts'
import type { Log } from '../../src/log/log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import type { WireFormat } from '../../src/hub/format.ts'
import { sseFormats } from '../../src/server/formats/sse.ts'
import { webSocketFormats } from '../../src/server/formats/ws.ts'
import { RawClient } from '../support/wire.ts'
import { start } from './start.ts'

// What a delivery costs, counted and not timed: a change that makes one of these grow is paid by every subscriber.

const subscribers = 40
const channel = 'open/1'

afterEach(() => {
  vi.restoreAllMocks()
  Reflect.deleteProperty(Socket.prototype, 'writableLength')
})

/** A log that counts how often it is read. */
function countedLog(): { readonly log: Log; readonly reads: () => number } {
  const log = memoryLog({
    rules: () => ({ keep: 'all', ageMs: 1e9, count: 1e4, bytes: 1e9, tombstoneMs: 1e9 }),
  })
  const read = vi.spyOn(log, 'read')
  return { log, reads: () => read.mock.calls.length }
}

/** What goes to the system by any socket of this process, a call each. */
function countedWrites() {
  const writes: {
    readonly socket: Socket
    readonly bytes: Uint8Array
    readonly pieces: readonly Uint8Array[]
  }[] = []
  const prototype: Required<Pick<Socket, '_write' | '_writev'>> = Object.assign(Object.create(null), {
    _write: Socket.prototype._write,
    _writev: Socket.prototype._writev,
  })
  vi.spyOn(Socket.prototype, '_write').mockImplementation(function (this: Socket, bytes, ...rest) {
    writes.push({ socket: this, bytes, pieces: [bytes] })
    return prototype._write.call(this, bytes, ...rest)
  })
  vi.spyOn(Socket.prototype, '_writev').mockImplementation(function (this: Socket, chunks, done) {
    const pieces = chunks.map(({ chunk }) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
    writes.push({ socket: this, bytes: Buffer.concat(pieces), pieces })
    return prototype._writev.call(this, chunks, done)
  })
  return writes
}

/** How often a socket is asked what it still holds. */
function countedLooks(): () => number {
  let looks = 0
  // The stream's own cannot be spied on.
  Object.defineProperty(Socket.prototype, 'writableLength', {
    configurable: true,
    get() {
      looks++
      return Reflect.get(Duplex.prototype, 'writableLength', this)
    },
  })
  return () => looks
}

/** Promises that the server's own code makes, until it is asked how many. */
function countedPromises(): () => number {
  let promises = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE' && /\/src\/(?:node|server|session|hub|log)\//.test(new Error().stack ?? ''))
        promises++
    },
  }).enable()
  return () => {
    hook.disable()
    return promises
  }
}

const transports = [
  {
    name: 'WebSocket',
    format: webSocketFormats.plain,
    compression: false,
    subscribed: '"type":"subscribed"',
    ask: (client: RawClient, query: string) => client.upgrade(`/wire/ws?${query}`),
  },
  {
    name: 'WebSocket, arrays',
    format: webSocketFormats.arrays,
    compression: false,
    subscribed: '"type":"subscribed"',
    ask: (client: RawClient, query: string) => client.upgrade(`/wire/ws?frames=arrays&${query}`),
  },
  {
    name: 'WebSocket, compressed',
    format: webSocketFormats.deflate,
    compression: true,
    subscribed: '"type":"subscribed"',
    ask: (client: RawClient, query: string) =>
      client.upgrade(`/wire/ws?${query}`, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
  },
  {
    name: 'event stream',
    format: sseFormats.bare.identity.chunked,
    compression: false,
    subscribed: 'event: connected',
    ask: (client: RawClient, query: string) =>
      client.socket.write(`GET /wire/sse?${query} HTTP/1.1\r\nHost: x\r\n\r\n`),
  },
]

/** Messages published in one turn; the last one says `last`, and is short enough not to be compressed. */
async function publish(wire: Everwire, count: number, data: string, channels = [channel]): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      wire.publish(channels[i % channels.length] ?? channel, 'tick', i === count - 1 ? 'last' : data),
    ),
  )
}

describe.each(transports)('$name', ({ format, compression, subscribed, ask }) => {
  async function listeners(options: { readonly query: string; readonly messages?: number }) {
    const { log, reads } = countedLog()
    const { wire, port } = await start({ store: log, compression, heartbeatMs: 600_000 })
    if (options.messages !== undefined) await publish(wire, options.messages, 'short')
    const encode = vi.spyOn(format as WireFormat, 'message')
    const readers = Array.from({ length: subscribers }, () => {
      const client = new RawClient(port)
      ask(client, options.query)
      return client
    })
    await Promise.all(readers.map((reader) => reader.until(subscribed)))
    return { wire, readers, reads, encode }
  }

  test.each([1, 8])(
    '%i messages of a turn: encoded once, one write of one buffer, one look at the socket, no read',
    async (messages) => {
      const { wire, readers, reads, encode } = await listeners({ query: `channel=${channel}` })
      const readsBefore = reads()
      const writes = countedWrites()
      const looks = countedLooks()
      await publish(wire, messages, 'long'.repeat(500))
      await Promise.all(readers.map((reader) => reader.until('last')))
      expect(looks()).toBe(subscribers)
      expect(encode).toHaveBeenCalledTimes(messages)
      expect(writes).toHaveLength(subscribers)
      expect(new Set(writes.map(({ socket }) => socket)).size).toBe(subscribers)
      expect(new Set(writes.map(({ bytes }) => bytes)).size).toBe(1)
      expect(reads()).toBe(readsBefore)
    },
  )

  test('8 messages of two channels of a connection: one write, no read', async () => {
    const { wire, readers, reads } = await listeners({ query: 'channel=open/1&channel=open/2' })
    await Promise.all(readers.map((reader) => reader.until('open/2')))
    const readsBefore = reads()
    const writes = countedWrites()
    await publish(wire, 8, 'short', ['open/1', 'open/2'])
    await Promise.all(readers.map((reader) => reader.until('last')))
    expect(writes).toHaveLength(subscribers)
    expect(reads()).toBe(readsBefore)
  })

  test('a connection is answered, greeted and subscribed in one write', async () => {
    const writes = countedWrites()
    await listeners({ query: `channel=${channel}` })
    // The client's own is the request.
    expect(writes).toHaveLength(2 * subscribers)
  })

  test('what need not wait to be subscribed makes no promise, but for the one of its turn', async () => {
    const { port } = await start({ compression, heartbeatMs: 600_000 })
    const readers = Array.from({ length: subscribers }, () => new RawClient(port))
    const promises = countedPromises()
    for (const reader of readers) ask(reader, `channel=${channel}`)
    await Promise.all(readers.map((reader) => reader.until(subscribed)))
    const made = promises()
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThanOrEqual(subscribers)
  })

  test('100 messages behind: those who come together read the log once, encode once, and write one buffer', async () => {
    const query = `channel=${channel}&after=earliest`
    const writes = countedWrites()
    const { readers, reads, encode } = await listeners({ query, messages: 100 })
    await Promise.all(readers.map((reader) => reader.until('last')))
    expect(encode).toHaveBeenCalledTimes(100)
    expect(reads()).toBe(1)
    const runs = writes.flatMap(({ pieces }) => pieces).filter(({ length }) => length > 5_000)
    expect(runs).toHaveLength(subscribers)
    expect(new Set(runs).size).toBe(1)
    // The client's own is the request; answer, greeting, `subscribed` and all that it is behind are one.
    expect(writes).toHaveLength(2 * subscribers)
  })
})

test('a publish to memory makes two promises, with the one that waits for it', async () => {
  const { wire } = await start({ heartbeatMs: 600_000 })
  await wire.publish(channel, 'tick', 1)
  let promises = 0
  const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && promises++) }).enable()
  await wire.publish(channel, 'tick', 2)
  hook.disable()
  expect(promises).toBe(2)
})
