import { createServer } from 'node:http'
import { connect, type Wire } from 'everwire/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { everwire } from '../../src/index.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listening } from '../support/port.ts'

const transports = ['websocket', 'sse', 'poll'] as const

function open(url: string, transport: (typeof transports)[number]): Wire {
  const wire = connect(`${url}/wire`, { transports: [transport] })
  onTestFinished(() => wire.close())
  return wire
}

describe.each(transports)('the SDK over %s', (transport) => {
  test(
    'comes back by itself from a server that is replaced, and neither loses nor repeats anything',
    { timeout: 30_000 },
    async () => {
      const store = await mkdtemp(join(tmpdir(), 'everwire-sdk-drain-'))
      onTestFinished(() => rm(store, { recursive: true, force: true }))
      const options = { dev: true, store, retryMs: 100 }
      let server = everwire(options)
      onTestFinished(() => server.close())
      const { url, port } = await server.listen(0)
      const wire = open(url, transport)
      const channel = wire.channel('a')
      const got: unknown[] = []
      const states: string[] = []
      const gaps: unknown[] = []
      channel.onMessage(({ data }) => got.push(data))
      channel.on('gap', (gap) => gaps.push(gap))
      await new Promise((resolve) => channel.on('subscribed', resolve))
      await channel.publish('n', 0)
      await expect.poll(() => got).toEqual([0])
      wire.on('state', (state) => states.push(state))
      const sending = [1, 2, 3].map(async (n) => channel.publish('n', n))
      await server.close()
      server = everwire(options)
      await server.publish('a', 'n', 'meanwhile')
      await server.listen(port)
      await Promise.all(sending)
      await expect.poll(() => got.length, { timeout: 20_000 }).toBe(5)
      expect(got.filter((data) => typeof data === 'number')).toEqual([0, 1, 2, 3])
      expect(gaps).toEqual([])
      expect(states).toEqual(['reconnecting', 'recovered'])
    },
  )
})

const back = ['live', 'reconnecting', 'recovered']
const over = ['live', 'denied']

test.each([
  [4512, 'draining: this server is going away', back],
  [4508, 'slow-reader: nothing was read', back],
  [4503, 'overloaded: no room', back],
  [4401, 'token-expired: get another', over],
  [4403, 'forbidden: not you', over],
])('a WebSocket that is closed with %d (%s) leads to %s', async (code, reason, wanted) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  let accepted = 0
  sockets.on('connection', (socket) => {
    socket.send('{"type":"welcome","protocol":1,"heartbeatMs":25000,"dedupeMs":1000}')
    if (++accepted === 1) socket.close(code, reason)
  })
  const wire = open(`http://127.0.0.1:${await listening(server)}`, 'websocket')
  const states: string[] = []
  wire.on('state', (state) => states.push(state))
  await expect.poll(() => states, { timeout: 10_000 }).toEqual(wanted)
  expect(accepted).toBe(wanted === back ? 2 : 1)
})
