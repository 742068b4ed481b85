import { createServer, type Server } from 'node:http'
import { connect as openSocket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { everwire, type EverwireOptions } from '../../src/index.ts'
import { platform } from '../../src/client/env.ts'
import { poll } from '../../src/client/transports/poll.ts'
import { sse } from '../../src/client/transports/sse.ts'
import type { TransportName } from '../../src/client/transports/transport.ts'
import { websocket } from '../../src/client/transports/websocket.ts'
import { Wire } from '../../src/client/wire.ts'
import { darkProxy, type Direction } from '../support/dark-proxy.ts'
import { Client, EventReader, openWire, RawClient } from '../support/wire.ts'
import { portOf } from '../support/port.ts'
import { listen } from '../wire/start.ts'

const directions: readonly Direction[] = ['up', 'down', 'both']
const heartbeatMs = 400
/** What a busy machine may add to what is promised. */
const lateMs = 600

/** Milliseconds until something has happened. */
async function lasts(happened: Promise<unknown>): Promise<number> {
  const before = performance.now()
  await happened
  return performance.now() - before
}

describe('a server', () => {
  test.each(directions)(
    'C29 [5.2] finds a WebSocket dead whose path is dark (%s) within two heartbeats',
    async (direction) => {
      const { wire, port } = await openWire({ heartbeatMs })
      const proxy = await darkProxy(port)
      const client = await Client.open(`${proxy.url}/wire`)
      await client.subscribe('a')
      proxy.darken(direction)
      // With `down` alone the client still answers nothing, as it hears no ping.
      const ms = await lasts(expect.poll(() => wire.stats(), { timeout: 5_000 }).toMatchObject(nothing))
      expect(ms).toBeLessThan(2 * heartbeatMs + lateMs)
    },
  )

  test('keeps an event stream that vanished no longer than the lifetime of streams', async () => {
    const streamMs = 600
    const { wire, port } = await openWire({ heartbeatMs: 100, limits: { streamMs } })
    const proxy = await darkProxy(port)
    const stream = await EventReader.open(`${proxy.url}/wire/sse?channel=a&channel=b`)
    await stream.next('connected')
    proxy.darken('both')
    const ms = await lasts(expect.poll(() => wire.stats(), { timeout: 5_000 }).toMatchObject(nothing))
    expect(ms).toBeLessThan(1.1 * streamMs + lateMs)
  })

  test('keeps a poll that vanished no longer than its wait', async () => {
    const { wire, port, base } = await openWire()
    const proxy = await darkProxy(port)
    const { id } = (await (await fetch(`${base}/position`)).json()) as { id: string }
    const poller = new RawClient(Number(new URL(proxy.url).port))
    poller.socket.write(`GET /wire/poll?channel=a&after=${id}&wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await expect.poll(async () => (await wire.stats()).connections).toBe(1)
    proxy.darken('both')
    await expect.poll(() => wire.stats(), { timeout: 5_000 }).toMatchObject(nothing)
  })
})

const nothing = { connections: 0, channels: 0 }

describe('a server leaves no socket to a peer that', () => {
  test('stops reading right before its stream ends', async () => {
    const { server, port, fill } = await ownServer({
      heartbeatMs: 100,
      limits: { streamMs: 300, stallMs: 500 },
    })
    await fill()
    const peer = ask(port, '/wire/sse?channel=bulk&after=earliest')
    peer.pause()
    await expect.poll(() => sockets(server)).toBe(1)
    await expect.poll(() => sockets(server), { timeout: 10_000 }).toBe(0)
  })

  test('asks and asks and never reads an answer', async () => {
    const { server, port, fill } = await ownServer({ limits: { stallMs: 500 } })
    await fill()
    const peer = ask(port, ...Array.from({ length: 60 }, () => '/wire/history?channel=bulk&limit=1000'))
    peer.pause()
    await expect.poll(() => sockets(server)).toBe(1)
    await expect.poll(() => sockets(server), { timeout: 10_000 }).toBe(0)
  })

  test('never ends its side after a refused handshake', async () => {
    const { server, port } = await ownServer()
    const peer = openSocket({ port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void peer.destroy())
    peer.write(
      'GET /wire/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n\r\n',
    )
    await new Promise((resolve) => peer.on('data', () => {}).once('end', resolve))
    await expect.poll(() => sockets(server)).toBe(0)
  })
})

test('a slow answer is no stuck one, and its connection goes on as before', async () => {
  const { server, port, fill } = await ownServer({ limits: { stallMs: 400 } })
  server.keepAliveTimeout = 0
  await fill()
  const path = '/wire/history?channel=bulk&limit=1000'
  const peer = ask(port, ...Array.from({ length: 20 }, () => path))
  let answers = 0
  const ms = await lasts(
    new Promise<void>((resolve, reject) => {
      peer.on('close', () => reject(new Error('the connection was cut')))
      peer.on('data', (chunk) => {
        answers += String(chunk).split('HTTP/1.1 200').length - 1
        if (answers >= 20) return resolve()
        peer.pause()
        setTimeout(() => peer.resume(), 5)
      })
    }),
  )
  expect(ms).toBeGreaterThan(2 * 400)
  expect(answers).toBe(20)
  expect(await sockets(server)).toBe(1)
})

describe.each(['websocket', 'sse', 'poll'] as const)('the SDK over %s', (transport) => {
  test.each(transport === 'websocket' ? directions : (['down', 'both'] as const))(
    'C29 [5.2] finds its connection dead whose path is dark (%s), and loses nothing',
    { timeout: 30_000 },
    async (direction) => {
      const { wire, port } = await openWire({ heartbeatMs })
      const proxy = await darkProxy(port)
      const client = quick(`${proxy.url}/wire`, transport)
      const got: unknown[] = []
      const states: string[] = []
      const channel = client.channel('a')
      const done = new Promise<void>((resolve) =>
        channel.onMessage(({ data }) => {
          got.push(data)
          if (data === 2) resolve()
        }),
      )
      await new Promise((resolve) => channel.on('subscribed', resolve))
      await wire.publish('a', 'n', 1)
      await expect.poll(() => got).toEqual([1])
      client.on('state', (state) => states.push(state))
      const found = new Promise<void>((resolve) =>
        client.on('state', (state) => state === 'reconnecting' && resolve()),
      )
      proxy.darken(direction)
      await wire.publish('a', 'n', 2)
      // The server finds the WebSocket dead whose client it cannot hear, and only then is silent.
      const heartbeats = transport === 'websocket' && direction === 'up' ? 4 : 2
      const beatMs = transport === 'poll' ? 25_000 / pollPace : heartbeatMs
      const ms = await lasts(found)
      expect(ms).toBeLessThan(heartbeats * beatMs + lateMs)
      await done
      expect(got).toEqual([1, 2])
      // It may wait for a second before it dials.
      await expect.poll(() => states, { timeout: 5_000 }).toEqual(['reconnecting', 'recovered'])
    },
  )
})

/** A poll knows of no heartbeat: its silence is judged by 25 s, which this clock makes shorter. */
const pollPace = 25

function quick(url: string, transport: TransportName): Wire {
  const pace = transport === 'poll' ? pollPace : 1
  const env = {
    ...platform,
    now: () => performance.now() * pace,
    later: (ms: number, run: () => void) => platform.later(ms / pace, run),
    transports: { websocket, sse, poll },
  }
  const wire = new Wire([url], { transports: [transport] }, env, () => () => {})
  onTestFinished(() => wire.close())
  return wire
}

/** On a server of the application, whose sockets can be counted. */
async function ownServer(options: EverwireOptions = {}) {
  const wire = everwire({ dev: true, ...options })
  onTestFinished(() => wire.close())
  const server = createServer()
  wire.attach(server)
  await listen(server)
  const fill = async () => {
    for (let i = 0; i < 200; i++) await wire.publish('bulk', 'n', 'x'.repeat(60_000))
  }
  return { wire, server, port: portOf(server), fill }
}

function sockets(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

function ask(port: number, ...paths: readonly string[]) {
  const peer = openSocket(port, '127.0.0.1')
  peer.on('error', () => {})
  onTestFinished(() => void peer.destroy())
  for (const path of paths) peer.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return peer
}
