import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Hub } from '../../src/hub/hub.ts'
import type { Log } from '../../src/log/log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { openBorder } from '../../src/session/border.ts'
import { defaultLimits } from '../../src/session/limits.ts'
import { Presence } from '../../src/session/presence.ts'
import { postOf, refusal, start } from './start.ts'

const user = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => headers['x-user']

test('[8.4] [8.6] a POST enters, updates and leaves; GET lists who is there', async () => {
  const { url, wire } = await start({ authenticate: user })
  const change = (name: string, action: string, data?: unknown) =>
    fetch(`${url}/wire/presence`, postOf({ channel: 'open/1', action, data }, { 'x-user': name }))
  const members = async () => {
    const response = await fetch(`${url}/wire/presence?channel=open/1`)
    const body = (await response.json()) as { members: { id: string; data: unknown }[] }
    return body.members.map(({ id, data }) => [id, data])
  }
  expect((await change('ada', 'enter', { mood: 'calm' })).status).toBe(204)
  await change('bob', 'enter')
  expect(await members()).toEqual([
    ['ada', { mood: 'calm' }],
    ['bob', null],
  ])
  await change('ada', 'update', { mood: 'glad' })
  await change('bob', 'leave')
  expect(await members()).toEqual([['ada', { mood: 'glad' }]])
  expect(await wire.members('open/1')).toMatchObject([{ id: 'ada' }])
})

test('presence needs its rule, a user over HTTP, and a channel that the asker may follow', async () => {
  const { url } = await start({
    authenticate: user,
    channels: {
      'plain/*': { subscribe: true },
      'open/*': { subscribe: true, presence: true },
      'closed/*': { subscribe: (_user, channel) => channel === 'closed/1', presence: true },
    },
  })
  const enter = (channel: string, headers = {}) =>
    fetch(`${url}/wire/presence`, postOf({ channel, action: 'enter' }, headers))
  expect(await refusal(await enter('plain/1', { 'x-user': 'ada' }))).toBe('403 forbidden')
  expect(await refusal(await enter('closed/2', { 'x-user': 'ada' }))).toBe('403 forbidden')
  expect(await refusal(await enter('open/1'))).toBe('401 unauthenticated')
  for (const channel of ['plain/1', 'closed/2', 'none']) {
    expect(await refusal(await fetch(`${url}/wire/presence?channel=${channel}`))).toBe('403 forbidden')
    const companion = `${url}/wire/history?channel=${encodeURIComponent(`$presence/${channel}`)}`
    expect(await refusal(await fetch(companion))).toBe('403 forbidden')
  }
})

test('who follows the companion channel over a WebSocket sees entering and leaving', async () => {
  const { port } = await start({ authenticate: user })
  const connect = async (name: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/wire/ws`, { headers: { 'x-user': name } })
    await once(socket, 'message')
    return socket
  }
  const seen: unknown[] = []
  const watcher = await connect('bob')
  watcher.on('message', (data) => seen.push(Buffer.isBuffer(data) && JSON.parse(data.toString())))
  watcher.send(JSON.stringify({ type: 'subscribe', channel: '$presence/open/1', ref: 1 }))
  const ada = await connect('ada')
  for (const action of ['enter', 'leave'] as const) {
    ada.send(JSON.stringify({ type: 'presence', channel: 'open/1', action, data: { a: 1 }, ref: action }))
    await once(ada, 'message')
    while (
      !seen.some((each) => typeof each === 'object' && each !== null && Reflect.get(each, 'event') === action)
    )
      await once(watcher, 'message')
  }
  expect(seen.at(-2)).toMatchObject({ event: 'enter', slot: 'ada', data: { a: 1 } })
  expect(seen.at(-1)).toMatchObject({ event: 'leave', slot: 'ada', removed: true, data: null })
  ada.close()
  watcher.close()
})

/** Presence over a memory log, with timers that run when the test says. */
async function world(log: Log = newLog()) {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  const later = (ms: number, run: () => void) => {
    const timer = { at: now + ms, run }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const hub = await Hub.open(log, () => 'latest', { defer: setImmediate, later, report: raise })
  const presence = new Presence({
    hub,
    border: openBorder,
    limits: defaultLimits,
    elapsed: () => now,
    later,
    report: raise,
  })
  return {
    log,
    presence,
    ids: async () => (await presence.members('c')).map(({ id }) => id),
    pass: async (ms: number) => {
      now += ms
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer)
        timer.run()
      }
      // Whoever waits in the channel's lane is through when this one is.
      await presence.watched('c')
    },
  }
}

function newLog(): Log {
  return memoryLog({
    rules: () => ({ keep: 'latest', ageMs: 1e9, count: 1_000, bytes: 1e9, tombstoneMs: 1e9 }),
  })
}

function raise(error: unknown): void {
  throw error
}

const enter = { action: 'enter', data: null } as const
const gone = { action: 'gone', data: null } as const
const connection = () => ({ kind: 'connection', connection: {} }) as const
const renewed = { kind: 'renewed' } as const

test('a member stays for a few seconds after its connection has ended, and then leaves', async () => {
  const { presence, ids, pass } = await world()
  const tab = connection()
  await presence.change('c', 'ada', tab, enter)
  await pass(600_000)
  await presence.change('c', 'ada', tab, gone)
  await pass(4_999)
  expect(await ids()).toEqual(['ada'])
  await pass(1)
  expect(await ids()).toEqual([])
})

test('a reconnection within the grace is not seen by others', async () => {
  const { log, presence, ids, pass } = await world()
  const before = connection()
  await presence.change('c', 'ada', before, enter)
  await presence.change('c', 'ada', before, gone)
  await pass(4_000)
  await presence.change('c', 'ada', connection(), enter)
  await pass(600_000)
  expect(await ids()).toEqual(['ada'])
  expect(await log.head()).toBe(1)
})

test('a member of two connections leaves with the last one', async () => {
  const { presence, ids, pass } = await world()
  const [one, two] = [connection(), connection()]
  await presence.change('c', 'ada', one, enter)
  await presence.change('c', 'ada', two, enter)
  await presence.change('c', 'ada', one, { action: 'leave', data: null })
  expect(await ids()).toEqual(['ada'])
  await presence.change('c', 'ada', two, gone)
  await pass(5_000)
  expect(await ids()).toEqual([])
})

test('a member by requests leaves a minute after the last one', async () => {
  const { log, presence, ids, pass } = await world()
  await presence.change('c', 'ada', renewed, enter)
  await pass(50_000)
  await presence.change('c', 'ada', renewed, enter)
  await pass(50_000)
  expect(await ids()).toEqual(['ada'])
  expect(await log.head()).toBe(1)
  await pass(10_000)
  expect(await ids()).toEqual([])
})

test('members left by an earlier process stay for a minute, and those who come back stay', async () => {
  const log = newLog()
  const before = await world(log)
  await before.presence.change('c', 'ada', connection(), enter)
  await before.presence.change('c', 'bob', connection(), enter)
  before.presence.close()
  const { presence, ids, pass } = await world(log)
  expect(await ids()).toEqual(['ada', 'bob'])
  await presence.change('c', 'bob', connection(), enter)
  await pass(60_000)
  expect(await ids()).toEqual(['bob'])
})

test('what a member shows is held to the limit of a message', async () => {
  const { presence } = await world()
  const large = { action: 'enter', data: 'x'.repeat(70_000) } as const
  await expect(presence.change('c', 'ada', renewed, large)).rejects.toThrow(/at most 65536/)
})

test('who says in a first message who it is enters as that user, as over HTTP', async () => {
  const { port, url } = await start({ authenticate: ({ headers }) => headers['authorization']?.slice(7) })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/wire/ws`)
  await once(socket, 'message')
  const heard = async (message: object) => {
    socket.send(JSON.stringify(message))
    const [data] = await once(socket, 'message')
    return JSON.parse(String(data)) as unknown
  }
  expect(await heard({ type: 'auth', token: 'ada' })).toEqual({ type: 'done' })
  await heard({ type: 'presence', channel: 'open/1', action: 'enter' })
  const members = async () =>
    (
      (await (await fetch(`${url}/wire/presence?channel=open/1`)).json()) as { members: { id: string }[] }
    ).members.map(({ id }) => id)
  expect(await members()).toEqual(['ada'])
  await heard({ type: 'presence', channel: 'open/1', action: 'leave' })
  expect(await members()).toEqual([])
  socket.terminate()
})
