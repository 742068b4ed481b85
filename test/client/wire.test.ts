import { createServer } from 'node:http'
import { everwire } from 'everwire'
import {
  ClientError,
  connect,
  history,
  presence,
  request,
  type ConnectOptions,
  type Gap,
  type Message,
  type Wire,
} from 'everwire/client'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { chaosProxy, type ChaosProxy } from '../support/chaos-proxy.ts'

const transports = ['websocket', 'sse', 'poll'] as const

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Stage {
  readonly server: ReturnType<typeof everwire>
  readonly proxy: ChaosProxy
  connect(options?: ConnectOptions): Wire
}

async function stage(options: Parameters<typeof everwire>[0] = {}): Promise<Stage> {
  const server = everwire({ dev: true, heartbeatMs: 1_000, ...options })
  const { port } = await server.listen(0)
  const proxy = await chaosProxy(port)
  cleanups.push(
    () => server.close(),
    () => proxy.close(),
  )
  return {
    server,
    proxy,
    connect: (with_ = {}) => {
      const wire = connect(`${proxy.url}/wire`, with_)
      cleanups.push(() => wire.close())
      return wire
    },
  }
}

/** Fulfilled with the first value that `fits`. */
function first<T>(on: (listener: (value: T) => void) => () => void, fits: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const stop = on((value) => {
      if (!fits(value)) return
      queueMicrotask(() => stop())
      resolve(value)
    })
  })
}

const alive = (wire: Wire) =>
  first(
    (listener) => wire.on('state', listener),
    (state) => state === 'live' || state === 'recovered',
  )
const subscribed = (wire: Wire, name: string) =>
  first(
    (listener) => wire.channel(name).on('subscribed', listener),
    () => true,
  )

/** What comes on a channel, and a promise for having `n`. */
function collect(wire: Wire, name: string, start?: { after?: string; last?: number }) {
  const messages: Message[] = []
  const waiting: { n: number; resolve: () => void }[] = []
  const channel = wire.channel(name, start)
  channel.onMessage((message) => {
    messages.push(message)
    for (const { n, resolve } of waiting) if (messages.length >= n) resolve()
  })
  return {
    channel,
    messages,
    data: () => messages.map(({ data }) => data),
    has: (n: number) =>
      messages.length >= n
        ? Promise.resolve()
        : new Promise<void>((resolve) => void waiting.push({ n, resolve })),
  }
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)

describe.each(transports)('over %s', (transport) => {
  const only = { transports: [transport] }

  test('C43: the connection is killed 10 times, and nothing is lost', async () => {
    // Short waits: it is killed again before it is trusted, so that the waits would grow.
    vi.spyOn(Math, 'random').mockReturnValue(0.005)
    const { server, proxy, connect: open } = await stage()
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    for (const round of numbers(10)) {
      const again = alive(wire)
      await server.publish('a', 'n', round * 3)
      if (round % 2 === 0) proxy.reset()
      else proxy.cutInMidFrame()
      await server.publish('a', 'n', round * 3 + 1)
      await server.publish('a', 'n', round * 3 + 2)
      await Promise.race([again, got.has(round * 3 + 3)])
    }
    await got.has(30)
    expect(got.data()).toEqual(numbers(30))
  }, 60_000)

  test('C46: 20 sends while offline arrive once, in order', async () => {
    const { server, proxy, connect: open } = await stage()
    const wire = open(only)
    wire.channel('out', {})
    await subscribed(wire, 'out')
    proxy.treatment = 'refuse'
    const gone = first<string>(
      (listener) => wire.on('state', listener),
      (state) => state === 'reconnecting',
    )
    proxy.reset()
    const sent = numbers(20).map((n) => wire.channel('out').publish('n', n))
    await gone
    proxy.treatment = 'pass'
    await Promise.all(sent)
    const { messages } = await server.history('out')
    expect(messages.map(({ data }) => data)).toEqual(numbers(20))
  }, 60_000)

  test('C46: past its bound the outbox refuses, and says why', async () => {
    const { proxy, connect: open } = await stage()
    proxy.treatment = 'refuse'
    const wire = open({ ...only, outbox: { limit: 2 } })
    const waiting = [wire.channel('out').publish('n', 1), wire.channel('out').publish('n', 2)]
    await expect(wire.channel('out').publish('n', 3)).rejects.toMatchObject({ code: 'outbox-full' })
    wire.close()
    for (const one of waiting) await expect(one).rejects.toBeInstanceOf(ClientError)
  })

  test('C47: closed means closed', async () => {
    const { server, proxy, connect: open } = await stage()
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    wire.close()
    const { accepted } = proxy
    await server.publish('a', 'n', 1)
    await expect(got.channel.publish('n', 2)).rejects.toMatchObject({ code: 'closed' })
    expect(got.messages).toEqual([])
    expect(wire.state).toBe('closed')
    expect(proxy.accepted).toBe(accepted)
  })

  test('C57: whole messages, however large', async () => {
    const { server, connect: open } = await stage()
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    const texts = ['ä€😀'.repeat(5_000), 'a\r\nb\rc\n\n', '\u2028 ": {} \\']
    for (const text of texts) await server.publish('a', 'n', { text })
    await got.has(3)
    expect(got.data()).toEqual(texts.map((text) => ({ text })))
  })

  test('C18: bytes arrive as they were', async () => {
    const { connect: open } = await stage()
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    const bytes = Uint8Array.from({ length: 1_024 }, (_, i) => (i * 7) % 256)
    await got.channel.publish('n', bytes)
    await got.has(1)
    expect(got.data()).toEqual([bytes])
  })

  test('C63: many channels, each message to its own, and channels that come and go', async () => {
    const { server, connect: open } = await stage()
    const wire = open(only)
    const many = numbers(30).map((n) => collect(wire, `c/${n}`))
    await Promise.all(numbers(30).map((n) => subscribed(wire, `c/${n}`)))
    for (const n of numbers(30)) await server.publish(`c/${n}`, 'n', n)
    await Promise.all(many.map((one) => one.has(1)))
    many[3]?.channel.leave()
    const late = collect(wire, 'late')
    await subscribed(wire, 'late')
    await server.publish('c/3', 'n', 'unheard')
    await server.publish('late', 'n', 'heard')
    await server.publish('c/4', 'n', 'last')
    await Promise.all([late.has(1), many[4]?.has(2)])
    expect(many.map((one) => one.data()[0])).toEqual(numbers(30))
    expect(many[3]?.messages).toHaveLength(1)
    expect(late.data()).toEqual(['heard'])
  })

  test('C64: the position is tracked for named events, and a new wire goes on from it', async () => {
    const { server, connect: open } = await stage()
    const wire = open(only)
    const seen: unknown[] = []
    const channel = wire.channel('a')
    const both = new Promise<void>((resolve) =>
      channel.on('named', ({ data }) => {
        if (seen.push(data) === 2) resolve()
      }),
    )
    await subscribed(wire, 'a')
    await server.publish('a', 'named', 1)
    await server.publish('a', 'named', 2)
    await both
    const { position } = channel
    wire.close()
    await server.publish('a', 'named', 3)
    const got = collect(open(only), 'a', { after: position ?? '' })
    await got.has(1)
    expect(got.data()).toEqual([3])
  })

  test('a channel may start some messages back, also beside others', async () => {
    const { server, connect: open } = await stage()
    for (const n of numbers(5)) await server.publish('a', 'n', n)
    const wire = open(only)
    const [a, b] = [collect(wire, 'a', { last: 2 }), collect(wire, 'b', { after: 'earliest' })]
    await a.has(2)
    await server.publish('b', 'n', 'b')
    await server.publish('a', 'n', 5)
    await Promise.all([a.has(3), b.has(1)])
    expect(a.data()).toEqual([3, 4, 5])
    expect(b.data()).toEqual(['b'])
  })

  test('C65: expired history is an explicit gap with its range', async () => {
    const {
      server,
      proxy,
      connect: open,
    } = await stage({
      channels: { '**': { count: 3, subscribe: true, publish: true } },
    })
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    await server.publish('a', 'n', 0)
    await got.has(1)
    const gap = first<Gap>(
      (listener) => got.channel.on('gap', listener),
      () => true,
    )
    proxy.treatment = 'refuse'
    proxy.reset()
    for (const n of numbers(10)) await server.publish('a', 'n', n + 1)
    proxy.treatment = 'pass'
    expect(await gap).toMatchObject({ channel: 'a', reason: 'expired', after: got.messages[0]?.id })
    await got.has(4)
    expect(got.data()).toEqual([0, 8, 9, 10])
  }, 60_000)

  test('a refused publish rejects only itself', async () => {
    const { server, connect: open } = await stage()
    const wire = open(only)
    const channel = wire.channel('a')
    const big = 'x'.repeat(100_000)
    const sent = await Promise.allSettled([
      channel.publish('n', 1),
      channel.publish('n', big),
      channel.publish('n', 3),
    ])
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(sent[1]).toMatchObject({ reason: { code: 'too-large' } })
    const { messages } = await server.history('a')
    expect(messages.map(({ data }) => data)).toEqual([1, 3])
  })

  test('C40: requests are answered, and refused, on the same wire', async () => {
    const { server, connect: open } = await stage()
    server.handle('a', 'double', ({ data }) => Number(data) * 2)
    const channel = open(only).channel('a')
    expect(await request(channel, 'double', 21)).toBe(42)
    await expect(request(channel, 'nothing', 1)).rejects.toMatchObject({ code: 'no-handler' })
  })

  test('who is here is known, and stays known over a drop', async () => {
    const { proxy, connect: open } = await stage({ authenticate: () => 'somebody', userId: String })
    const [one, two] = [open(only), open(only)]
    const counts: number[] = []
    const changed = (n: number) =>
      first<ReadonlyMap<string, unknown>>(
        (listener) => presence(two.channel('room')).on('change', listener),
        (members) => members.size === n,
      )
    presence(two.channel('room')).on('change', (members) => counts.push(members.size))
    const entered = changed(1)
    await presence(one.channel('room')).enter({ name: 'one' })
    expect([...(await entered).values()]).toEqual([{ name: 'one' }])
    proxy.reset()
    const updated = first<ReadonlyMap<string, unknown>>(
      (listener) => presence(two.channel('room')).on('change', listener),
      (members) => JSON.stringify([...members.values()]) === '[{"name":"uno"}]',
    )
    await presence(one.channel('room')).update({ name: 'uno' })
    await updated
    expect(Math.max(...counts)).toBe(1)
  }, 30_000)

  test('C29: a connection that died silently is found out and replaced', async () => {
    const { server, proxy, connect: open } = await stage()
    const wire = open(only)
    const got = collect(wire, 'a')
    await subscribed(wire, 'a')
    // A poll says nothing for as long as it is held: its silence is judged by the pace of polls.
    if (transport === 'poll') return
    const again = first<string>(
      (listener) => wire.on('state', listener),
      (state) => state === 'recovered',
    )
    proxy.blackhole()
    await server.publish('a', 'n', 1)
    await again
    await got.has(1)
    expect(got.data()).toEqual([1])
  }, 60_000)

  test('a channel that is refused is denied; the others live on', async () => {
    const { server, connect: open } = await stage({
      dev: false,
      channels: { 'open/*': { subscribe: true, publish: true }, 'shut/*': { publish: true } },
    })
    const wire = open(only)
    const denied = ['shut/1', 'shut/2'].map((name) => {
      const channel = wire.channel(name, {})
      return first<{ code: string }>(
        (listener) => channel.on('error', listener),
        () => true,
      )
    })
    const got = collect(wire, 'open/1')
    expect(await Promise.all(denied)).toMatchObject([{ code: 'forbidden' }, { code: 'forbidden' }])
    if (got.channel.state !== 'subscribed') await subscribed(wire, 'open/1')
    await server.publish('open/1', 'n', 1)
    await got.has(1)
    expect(wire.channel('shut/1').state).toBe('denied')
  }, 30_000)
})

describe('the choice', () => {
  test('C51, C52: with the upgrade blocked it is SSE in less than 3 s, and says why', async () => {
    const { proxy, connect: open } = await stage()
    proxy.treatment = 'no-upgrade'
    const wire = open()
    const started = performance.now()
    const { transport, reason } = await first<{ transport: string; reason: string }>(
      (listener) => wire.on('transport', listener),
      () => true,
    )
    expect({ transport, reason }).toEqual({ transport: 'sse', reason: 'websocket blocked' })
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  test('C51: with the handshake swallowed it is SSE in less than 3 s', async () => {
    const { proxy, connect: open } = await stage()
    proxy.treatment = 'swallow'
    const wire = open()
    const started = performance.now()
    const taken = first<{ transport: string }>(
      (listener) => wire.on('transport', listener),
      () => true,
    )
    await expect.poll(() => proxy.accepted).toBeGreaterThan(0)
    proxy.treatment = 'pass'
    expect(await taken).toMatchObject({ transport: 'sse' })
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  test.each(['at once', 'later'])(
    'C53: where streams are held back it is polling, in less than 5 s; a channel wanted %s',
    async (when) => {
      const { proxy, connect: open } = await stage()
      proxy.treatment = 'hold'
      const wire = open({ transports: ['sse', 'poll'] })
      if (when === 'later') await alive(wire)
      wire.channel('a', {})
      const started = performance.now()
      const taken = await first<{ transport: string; reason: string }>(
        (listener) => wire.on('transport', listener),
        ({ transport }) => transport === 'poll',
      )
      expect(taken).toEqual({ transport: 'poll', reason: 'sse blocked' })
      expect(performance.now() - started).toBeLessThan(5_000)
    },
  )

  test('C56: with the WebSocket blocked a chat works both ways', async () => {
    const { proxy, connect: open } = await stage()
    proxy.treatment = 'no-upgrade'
    const [one, two] = [open(), open()]
    const got = collect(two, 'chat')
    await subscribed(two, 'chat')
    await one.channel('chat').publish('said', 'hello')
    await got.has(1)
    expect(got.data()).toEqual(['hello'])
  })

  test('C62: of several endpoints one that fails makes way for the next', async () => {
    const { proxy } = await stage()
    const refusing = await stage()
    refusing.proxy.treatment = 'refuse'
    const wire = connect([`${refusing.proxy.url}/wire`, `${proxy.url}/wire`])
    cleanups.push(() => wire.close())
    await alive(wire)
    expect(proxy.open).toBeGreaterThan(0)
  }, 30_000)

  test.each(transports)(
    'C62: what is asked beside the connection (%s) goes to the endpoint that answers',
    async (name) => {
      vi.spyOn(Math, 'random').mockReturnValue(0)
      const { server, proxy } = await stage()
      const refusing = await stage()
      refusing.proxy.treatment = 'refuse'
      await server.publish('a', 'n', 1)
      const wire = connect([`${refusing.proxy.url}/wire`, `${proxy.url}/wire`], { transports: [name] })
      cleanups.push(() => wire.close())
      const [a, b] = [collect(wire, 'a', { last: 1 }), collect(wire, 'b', { after: 'earliest' })]
      await Promise.all([a.has(1), subscribed(wire, 'b')])
      expect(b.messages).toEqual([])
      expect((await history(wire.channel('a'))).messages.map(({ data }) => data)).toEqual([1])
    },
  )
})

describe('the end', () => {
  test('C45: after the last attempt the wire says so and stops', async () => {
    const { proxy, connect: open } = await stage()
    proxy.treatment = 'refuse'
    const wire = open({ maxAttempts: 2 })
    const error = await first(
      (listener) => wire.on('error', listener),
      () => true,
    )
    expect(error).toMatchObject({ code: 'gave-up' })
    expect(wire.state).toBe('closed')
  }, 20_000)

  test.each([
    ...[401, 403, 204].map((status) => ({ status, transports })),
    ...transports.flatMap((name) => [401, 403].map((status) => ({ status, transports: [name] }))),
  ])('C21, C50: $status ends the attempts, over $transports', async ({ status, transports: ways }) => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked++
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const address = server.address()
    if (typeof address !== 'object' || !address) throw new Error('no address')
    const wire = connect(`http://127.0.0.1:${address.port}/wire`, { transports: ways })
    wire.channel('a', {})
    cleanups.push(() => wire.close())
    const error = await first<unknown>(
      (listener) => wire.on('error', listener),
      () => true,
    )
    expect(error).toMatchObject({ code: status === 401 ? 'unauthenticated' : 'forbidden' })
    expect(wire.state).toBe('denied')
    expect(asked).toBeLessThanOrEqual(5)
  })
})

describe('listeners', () => {
  test('C48, C49: many listeners, before and after connecting, each once; one that throws keeps nothing from others', async () => {
    const { server, connect: open } = await stage()
    const wire = open()
    const states: string[] = []
    wire.on('state', (state) => states.push(state))
    const channel = wire.channel('a')
    const calls: string[] = []
    channel.on('n', () => calls.push('before'))
    await subscribed(wire, 'a')
    const stop = channel.on('n', () => calls.push('stopped'))
    const got = collect(wire, 'a')
    stop()
    await server.publish('a', 'n', 1)
    await got.has(1)
    expect(calls).toEqual(['before'])
    wire.close()
    wire.close()
    expect(states).toEqual(['live', 'closed'])
  })
})
