import { describe, expect, onTestFinished, test } from 'vitest'
import { Hub } from '../../src/hub/hub.ts'
import type { Keep } from '../../src/hub/start.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { EverwireError } from '../../src/protocol/codes.ts'
import { dialects } from '../../src/server/dialect.ts'
import { openBorder } from '../../src/session/border.ts'
import type { Guard, Principal } from '../../src/session/guard.ts'
import { defaultLimits, type Limits } from '../../src/session/limits.ts'
import { Publisher } from '../../src/session/publisher.ts'
import type { Services } from '../../src/session/services.ts'
import { Session } from '../../src/session/session.ts'
import { MemoryLink } from '../support/socket-link.ts'

const nobody: Principal = { id: '', user: undefined }

interface Given {
  readonly keep?: (channel: string) => Keep
  readonly guard?: Partial<Guard>
  readonly limits?: Partial<Limits>
  readonly principal?: Principal
  readonly handle?: Services['handle']
  readonly presence?: Pick<Services['presence'], 'change'>
}

/** A session over a link in memory; nothing of it touches a socket or a clock. */
async function openSession({
  keep = () => 'all',
  guard,
  limits: some,
  principal = nobody,
  handle,
  presence,
}: Given = {}) {
  const limits = { ...defaultLimits, ...some }
  const rule = { ageMs: Infinity, count: 1e6, bytes: 1e9, tombstoneMs: 1e9 }
  const log = memoryLog({
    rules: (channel) => ({ ...rule, keep: keep(channel) === 'latest' ? 'latest' : 'all' }),
  })
  const faults: unknown[] = []
  const hub = await Hub.open(log, keep, {
    defer: (run) => void setImmediate(run),
    later: () => () => {},
    report: (error) => faults.push(error),
  })
  const connections = new Set<unknown>()
  const services: Services = {
    hub,
    guard: { identify: async () => nobody, refresh: async () => nobody, allow: () => {}, ...guard },
    publisher: new Publisher(hub, openBorder, limits, () => 0),
    limits,
    heartbeatMs: 400,
    draining: false,
    now: () => 0,
    handle: handle ?? (async () => null),
    // Sessions use nothing else of it.
    presence: presence as Services['presence'],
    refused: () => {},
    report: (error) => faults.push(error),
    connections,
  }
  onTestFinished(async () => {
    hub.close()
    await log.close()
    expect(faults).toEqual([])
  })
  const open = (link = new MemoryLink(limits.unsentBytes)) => {
    const session = new Session(services, link, dialects.plain, principal, () => 'm')
    session.open([], [])
    return { session, link, isGone: () => !connections.has(session) }
  }
  const publish = (channel: string, data: unknown, slot?: string) =>
    services.publisher.publish('', [{ channel, data, ...(slot === undefined ? {} : { slot }) }])
  return { ...open(), open, hub, services, publish }
}

/** Lets everything that is under way come to rest. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const typesOf = (link: MemoryLink) => link.said.map(({ type }) => type)
const dataOf = (link: MemoryLink) =>
  link.said.filter(({ type }) => type === 'message').map(({ data }) => data)

describe('a reader that stops reading', () => {
  test('keep all: its cursor stops, and it gets everything once it reads again', async () => {
    const { link, publish } = await openSession({ limits: { unsentBytes: 8_192 } })
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    link.reading = false
    const pad = 'x'.repeat(200)
    for (let i = 0; i < 3_000; i++) await publish('a', { i, pad })
    await settled()
    // The limit, and the message or page that was on its way.
    expect(link.mostUnread).toBeLessThan(3 * 8_192)
    const before = dataOf(link).length
    expect(before).toBeLessThan(100)
    for (let turn = 0; link.unread > 0 || turn < 3; turn++) {
      link.read(4_096)
      await settled()
    }
    expect(dataOf(link)).toEqual(Array.from({ length: 3_000 }, (_, i) => ({ i, pad })))
    expect(link.mostUnread).toBeLessThan(3 * 8_192)
  }, 60_000)

  test('keep latest: it gets the newest only', async () => {
    const { link, publish } = await openSession({ keep: () => 'latest', limits: { unsentBytes: 2_048 } })
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    link.reading = false
    for (let i = 0; i < 2_000; i++) await publish('a', i, 'only')
    await settled()
    link.reading = true
    link.read()
    await settled()
    const data = dataOf(link)
    expect(data.at(-1)).toBe(1_999)
    expect(data.length).toBeLessThan(200)
  })

  test('keep none: it misses signals, and nothing waits', async () => {
    const { link, publish } = await openSession({ keep: () => 'none', limits: { unsentBytes: 2_048 } })
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    link.reading = false
    for (let i = 0; i < 2_000; i++) {
      await publish('a', i)
      if (i % 50 === 0) await settled()
    }
    expect(link.mostUnread).toBeLessThan(2 * 2_048)
    link.reading = true
    link.read()
    await publish('a', 'now')
    await settled()
    expect(dataOf(link).at(-1)).toBe('now')
    expect(link.said.filter(({ type }) => type === 'message').every((message) => !('id' in message))).toBe(
      true,
    )
  })

  test('a bulk catch-up delays another channel by no more than one buffer', async () => {
    const { link, open, publish } = await openSession({ limits: { unsentBytes: 8_192 } })
    link.destroy()
    for (let i = 0; i < 2_000; i++) await publish('bulk', { i, pad: 'x'.repeat(200) })
    const { link: reader } = open(new MemoryLink(8_192))
    reader.reading = false
    reader.hear({ type: 'subscribe', channel: 'chat' })
    reader.hear({ type: 'subscribe', channel: 'bulk', after: 'earliest' })
    await settled()
    await publish('chat', 'hello')
    await settled()
    const waiting = reader.unread
    const bytesBefore = reader.sent
    while (!reader.said.some(({ channel, type }) => channel === 'chat' && type === 'message')) {
      reader.read(1_024)
      await settled()
    }
    expect(waiting).toBeLessThan(3 * 8_192)
    expect(reader.sent - bytesBefore).toBeLessThan(3 * 8_192)
  })
})

describe('a link that carries less than is published', () => {
  test('is shared: a catch-up goes on beside a live channel that could fill it alone', async () => {
    const { link, open, publish } = await openSession({ limits: { unsentBytes: 4_096 } })
    link.destroy()
    const pad = 'x'.repeat(400)
    for (let i = 0; i < 200; i++) await publish('bulk', { i, pad })
    const { link: reader } = open(new MemoryLink(4_096))
    reader.hear({ type: 'subscribe', channel: 'live' })
    await settled()
    reader.reading = false
    reader.hear({ type: 'subscribe', channel: 'bulk', after: 'earliest' })
    await settled()
    for (let turn = 0; turn < 24; turn++) {
      for (let i = 0; i < 12; i++) await publish('live', pad)
      await settled()
      reader.read(4_096)
      await settled()
    }
    const count = (channel: string) =>
      reader.said.filter((said) => said.channel === channel && said.type === 'message').length
    expect(count('bulk')).toBeGreaterThan(60)
    expect(count('live')).toBeGreaterThan(60)
  })
})

describe('a client that commands', () => {
  test('and does not read is paused: answers never grow without bound', async () => {
    const { link } = await openSession({ limits: { unsentBytes: 4_096 } })
    link.reading = false
    for (let i = 0; i < 10_000; i++) link.hear({ type: 'nothing', ref: i })
    expect(link.paused).toBe(true)
    expect(link.mostUnread).toBeLessThan(2 * 4_096 + 500)
    link.reading = true
    link.read()
    await settled()
    expect(link.paused).toBe(false)
    expect(link.said.filter(({ type }) => type === 'error').map(({ ref }) => ref)).toEqual(
      Array.from({ length: 10_000 }, (_, i) => i),
    )
  })

  test('and has too much under way is paused', async () => {
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    let asked = 0
    const { link } = await openSession({
      limits: { pendingCommands: 8 },
      handle: async () => {
        asked++
        await gate
        return asked
      },
    })
    for (let i = 0; i < 100; i++) link.hear({ type: 'request', channel: 'a', event: 'e', data: null, ref: i })
    await settled()
    expect(asked).toBe(8)
    expect(link.paused).toBe(true)
    release()
    await settled()
    expect(asked).toBe(100)
    expect(link.paused).toBe(false)
  })

  test('[4.3] publishes keep their order, however long each rule takes', async () => {
    let wait = 0
    const { link, hub } = await openSession({
      guard: {
        async allow(_principal, _action, channel) {
          const turns = (wait = (wait + 7) % 11)
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
          if (channel === 'closed') throw new EverwireError('forbidden', 'no')
        },
      },
    })
    for (let i = 0; i < 60; i++) {
      link.hear({ type: 'publish', channel: i % 5 === 0 ? 'closed' : 'a', data: i, ref: i })
    }
    await settled()
    await settled()
    const answers = link.said.slice(1)
    expect(answers.map(({ ref }) => ref)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    const kept = await hub.log.history({ channel: 'a', limit: 100, order: 'forward' })
    expect(kept.map(({ data }) => Number(data))).toEqual(
      Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 5 !== 0),
    )
  })

  test('[4.6] what is behind a publish that was refused for now waits until that has come again', async () => {
    const { link, hub } = await openSession()
    const append = hub.log.append.bind(hub.log)
    hub.log.append = async () => {
      hub.log.append = append
      throw new EverwireError('store-unavailable', 'not now')
    }
    const said = (ref: number, behind?: number) =>
      link.hear({ type: 'publish', channel: 'a', data: ref, ref, behind })
    said(1)
    await settled()
    said(2, 1)
    said(3, 2)
    await settled()
    const refused = (ref: number) => ({ type: 'error', code: 'store-unavailable', ref })
    expect(link.said.slice(1)).toMatchObject([1, 2, 3].map(refused))
    said(1)
    said(2, 1)
    // The refusal of the third has not been heard when this is sent.
    said(4, 3)
    await settled()
    said(3, 2)
    said(4, 3)
    await settled()
    const published = (ref: number) => ({ type: 'published', ref })
    expect(link.said.slice(4)).toMatchObject([...[1, 2].map(published), refused(4), ...[3, 4].map(published)])
    const kept = await hub.log.history({ channel: 'a', limit: 100, order: 'forward' })
    expect(kept.map(({ data }) => data)).toEqual(['1', '2', '3', '4'])
  })

  test('[4.6] a publish that is refused for good holds up nobody', async () => {
    const { link } = await openSession({
      guard: {
        allow: (_principal, _action, channel) => {
          if (channel === 'closed') throw new EverwireError('forbidden', 'no')
        },
      },
    })
    link.hear({ type: 'publish', channel: 'closed', data: 1, ref: 1 })
    await settled()
    link.hear({ type: 'publish', channel: 'a', data: 2, ref: 2, behind: 1 })
    await settled()
    link.hear({ type: 'publish', channel: 'a', data: 3, ref: 3, behind: {} })
    await settled()
    expect(link.said.slice(1)).toMatchObject([
      { type: 'error', code: 'forbidden', ref: 1 },
      { type: 'published', ref: 2 },
      { type: 'error', code: 'bad-message', ref: 3, message: expect.stringContaining('"behind"') },
    ])
  })

  test('what comes behind a token is said by whom it makes of the client', async () => {
    const seen: string[] = []
    const { link } = await openSession({
      guard: {
        refresh: async (token) => {
          await settled()
          return { id: token, user: token }
        },
        allow: (principal, action, channel) => void seen.push(`${principal.id} ${action} ${channel}`),
      },
    })
    link.hear({ type: 'auth', token: 'ann', ref: 1 })
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    await settled()
    expect(seen).toEqual(['ann subscribe a'])
    expect(typesOf(link)).toEqual(['welcome', 'done', 'subscribed'])
  })

  test('a token that is refused: an error and the end', async () => {
    const { link, isGone } = await openSession({
      guard: {
        refresh: async () => {
          throw new EverwireError('token-expired', 'get a new one')
        },
      },
    })
    link.hear({ type: 'auth', token: 'old', ref: 1 })
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    expect(link.said.slice(1)).toEqual([
      { type: 'error', code: 'token-expired', message: 'get a new one', ref: 1 },
    ])
    expect(link.ended).toEqual({ code: 4401, reason: 'token-expired: get a new one' })
    expect(isGone()).toBe(true)
  })

  test('a subscription whose client has gone meanwhile leaves nothing behind', async () => {
    const { link, hub } = await openSession()
    link.hear({ type: 'subscribe', channel: 'a' })
    link.destroy()
    await settled()
    expect(hub.topics).toBe(0)
  })
})

describe('the heart of a connection', () => {
  test('C28 C29 [5.2] something is sent every heartbeat; two without a byte are death', async () => {
    const { session, link, isGone } = await openSession()
    const sent: number[] = []
    for (let tick = 1; tick <= 6; tick++) {
      session.tick(tick * 100)
      sent.push(typesOf(link).filter((type) => type === 'ping').length)
      expect(link.ended).toBeUndefined()
    }
    // heartbeatMs is 400, so four ticks: never more than three without a ping.
    expect(sent).toEqual([0, 0, 1, 1, 1, 2])
    expect(link.pings).toBe(1)
    session.tick(700)
    expect(link.ended).toBe('destroyed')
    expect(isGone()).toBe(true)
  })

  test('C29 any byte received is life', async () => {
    const { session, link } = await openSession()
    for (let tick = 1; tick <= 50; tick++) {
      if (tick % 6 === 0) link.received++
      session.tick(tick * 100)
    }
    expect(link.ended).toBeUndefined()
  })

  test('whoever is not read from is not taken for dead', async () => {
    const { session, link } = await openSession({
      limits: { pendingCommands: 1 },
      handle: () => new Promise(() => {}),
    })
    link.hear({ type: 'request', channel: 'a', event: 'e', data: 0, ref: 0 })
    await settled()
    expect(link.paused).toBe(true)
    for (let tick = 1; tick <= 50; tick++) session.tick(tick * 100)
    expect(link.ended).toBeUndefined()
  })

  test('a slow reader, whose pongs wait behind all that it has to read, is judged by what leaves alone', async () => {
    const { session, link } = await openSession()
    link.stalledMs = 5
    for (let tick = 1; tick <= 50; tick++) session.tick(tick * 100)
    expect(link.ended).toBeUndefined()
    link.stalledMs = 0
    for (let tick = 51; tick <= 58; tick++) session.tick(tick * 100)
    expect(link.ended).toBe('destroyed')
  })

  test('no ping where there was something else to say', async () => {
    const { session, link, publish } = await openSession()
    link.hear({ type: 'subscribe', channel: 'a' })
    await settled()
    for (let tick = 1; tick <= 20; tick++) {
      link.received++
      await publish('a', tick)
      await settled()
      session.tick(tick * 100)
    }
    expect(typesOf(link)).not.toContain('ping')
  })

  test('[2.9] a quiet connection is told its position once it has moved, for all of its subscriptions', async () => {
    const { session, link, publish } = await openSession()
    link.hear({ type: 'subscribe', channel: 'a' })
    link.hear({ type: 'subscribe', channel: 'b' })
    await settled()
    await publish('elsewhere', 1)
    for (let tick = 1; tick <= 12; tick++) {
      link.received++
      session.tick(tick * 100)
    }
    const positions = link.said.filter(({ type }) => type === 'position')
    expect(positions).toEqual([{ type: 'position', id: expect.stringMatching(/^1-/) }])
  })

  test('[2.2] no position is told while any channel is behind', async () => {
    const { session, link, publish } = await openSession({ limits: { unsentBytes: 1_024 } })
    link.hear({ type: 'subscribe', channel: 'a' })
    link.hear({ type: 'subscribe', channel: 'b' })
    await settled()
    link.reading = false
    for (let i = 0; i < 20; i++) await publish('a', 'x'.repeat(200))
    await settled()
    link.unread = 1_000
    for (let tick = 1; tick <= 12; tick++) {
      link.received++
      session.tick(tick * 100)
    }
    expect(typesOf(link)).not.toContain('position')
  })

  test('a socket that no byte leaves is ended', async () => {
    const { session, link } = await openSession({ limits: { stallMs: 1_000 } })
    link.stalledMs = 999
    session.tick(1)
    expect(link.ended).toBeUndefined()
    link.stalledMs = 1_000
    session.tick(2)
    expect(link.ended).toBe('destroyed')
  })

  test('C30 the end of a token is the end of the connection', async () => {
    const { session, link } = await openSession({ principal: { id: 'u', user: 'u', expiresAt: 1_000 } })
    session.tick(999)
    expect(link.ended).toBeUndefined()
    session.tick(1_000)
    expect(link.ended).toEqual({ code: 4401, reason: expect.stringMatching(/^token-expired: /) })
  })
})

test('whoever goes while it is entering, or is still asked for, has gone', async () => {
  const allowed = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const changes: string[] = []
  const { link } = await openSession({
    guard: { allow: (_principal, _action, channel) => (channel === 'asked' ? allowed.promise : undefined) },
    presence: {
      change: async (channel, _member, _lease, { action }) => {
        changes.push(`${action} ${channel}`)
        if (action === 'enter') await entered.promise
      },
    },
  })
  link.hear({ type: 'presence', channel: 'asked', action: 'enter' })
  link.hear({ type: 'presence', channel: 'entering', action: 'enter' })
  await settled()
  link.destroy()
  await settled()
  allowed.resolve()
  entered.resolve()
  await settled()
  expect(changes).toEqual(['enter entering', 'enter asked', 'gone entering', 'gone asked'])
})

test('a publish belongs to whoever sent it, whoever the client has become meanwhile', async () => {
  const allowed = Promise.withResolvers<void>()
  const { link, hub } = await openSession({
    principal: { id: 'ada', user: 'ada' },
    guard: { allow: () => allowed.promise, refresh: async () => ({ id: 'bob', user: 'bob' }) },
  })
  link.hear({ type: 'publish', channel: 'a', data: 1, key: 'k' })
  link.hear({ type: 'auth', token: 't' })
  await settled()
  allowed.resolve()
  await settled()
  const key = (principal: string) => [
    { channel: 'a', event: 'message', data: '1', key: { principal, key: 'k' } },
  ]
  expect(await hub.append(key('ada'))).toMatchObject([{ duplicate: true }])
})
