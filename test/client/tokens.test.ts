import { everwire } from 'everwire'
import { afterEach, describe, expect, test } from 'vitest'
import { platform } from '../../src/client/env.ts'
import { poll } from '../../src/client/transports/poll.ts'
import { sse } from '../../src/client/transports/sse.ts'
import type { TransportName } from '../../src/client/transports/transport.ts'
import { websocket } from '../../src/client/transports/websocket.ts'
import type { ConnectOptions } from '../../src/client/types.ts'
import { Wire } from '../../src/client/wire.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A token says when it ends, and which it is. */
const tokenOf = (livesMs: number, number: number) => `${Date.now() + livesMs}.${number}`

async function openServer() {
  const shown: string[] = []
  const wire = everwire({
    heartbeatMs: 1_000,
    channels: { '**': { subscribe: true, publish: true } },
    authenticate({ headers }) {
      const token = headers['authorization']?.replace('Bearer ', '')
      if (token === undefined) return undefined
      const [endsAt = '', number = ''] = token.split('.')
      if (shown.at(-1) !== number) shown.push(number)
      return { id: 'ada', exp: Number(endsAt) / 1_000 }
    },
  })
  const { port } = await wire.listen(0)
  cleanups.push(() => wire.close())
  return { wire, shown, url: `http://127.0.0.1:${port}/wire` }
}

/** A client that sleeps through its longest waits, those for a token's end: four minutes are a second. */
function connectTo(url: string, options: ConnectOptions) {
  const later = (ms: number, run: () => void) => platform.later(ms > 60_000 ? ms / 240 : ms, run)
  const wire = new Wire(
    [url],
    options,
    { ...platform, later, transports: { websocket, sse, poll } },
    () => () => {},
  )
  cleanups.push(() => wire.close())
  const states: string[] = []
  wire.on('state', (state) => states.push(state))
  return { wire, states }
}

describe.each<TransportName>(['websocket', 'sse', 'poll'])('over %s', (transport) => {
  test('a token is replaced before it expires, and nothing is dropped for it', async () => {
    const { wire: server, shown, url } = await openServer()
    let asked = 0
    const token = () => tokenOf(300_000, ++asked)
    const { wire, states } = connectTo(url, {
      transports: [transport],
      token,
    })
    const got: unknown[] = []
    const channel = wire.channel('a')
    channel.onMessage(({ data }) => got.push(data))
    await new Promise((resolve) => channel.on('subscribed', resolve))
    for (let n = 0; asked < 3; n++) {
      await server.publish('a', 'n', n)
      await expect.poll(() => got.length, { interval: 5, timeout: 5_000 }).toBe(n + 1)
    }
    await channel.publish('n', 'last')
    await expect.poll(() => got.at(-1)).toBe('last')
    expect(got.slice(0, -1)).toEqual(got.slice(0, -1).map((_, n) => n))
    expect(shown.slice(0, 2)).toEqual(['1', '2'])
    expect(states).toEqual(['live'])
  })

  test('[5.5] a token that is not replaced ends the connection, and says so', async () => {
    const { url } = await openServer()
    const { wire, states } = connectTo(url, { transports: [transport], token: tokenOf(700, 1) })
    wire.channel('a', {})
    const error = new Promise((resolve) => wire.on('error', resolve))
    expect(await error).toMatchObject({ code: 'token-expired' })
    expect(states.at(-1)).toBe('denied')
  })

  test('what a token was too old for is said again with a new one', async () => {
    const { wire: server, shown, url } = await openServer()
    let asked = 0
    const token = () => tokenOf(++asked === 1 ? 300 : 300_000, asked)
    const { wire } = connectTo(url, { transports: [transport], token })
    const ended = Date.now() + 310
    await expect.poll(() => wire.state).toBe('live')
    await expect.poll(() => Date.now(), { interval: 10 }).toBeGreaterThan(ended)
    await wire.channel('a').publish('n', 1)
    expect((await server.history('a')).messages.map(({ data }) => data)).toEqual([1])
    // A WebSocket is ended for it, a little late.
    expect(transport === 'websocket' || shown.at(-1) !== '1').toBe(true)
    expect(wire.state).not.toBe('denied')
  })
})
