import { afterEach, describe, expect, test } from 'vitest'
import type { ChannelHost } from '../../src/client/channel.ts'
import type { OpenLine } from '../../src/client/rider.ts'
import type { Rider } from '../../src/client/rider.ts'
import { Leader } from '../../src/client/tabs/leader.ts'
import { portTransport } from '../../src/client/tabs/port.ts'
import { portLock, type Word } from '../../src/client/tabs/words.ts'
import type { Outgoing } from '../../src/client/transports/transport.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { Queue } from '../support/queue.ts'

const noLocks = globalThis.navigator?.locks ? '' : '(skipped: no Web Locks here)'
let rooms = 0
const newRoom = () => `hand-over ${process.pid} ${++rooms}`

const ends: (() => unknown)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

/** What goes through the air of a room, and a voice in it. */
function openRadio(room: string) {
  const radio = new BroadcastChannel(room)
  const heard = new Queue<Word>()
  radio.onmessage = ({ data }: MessageEvent<Word>) => heard.push(data)
  ends.push(() => radio.close())
  return {
    heard,
    say: (word: Word) => radio.postMessage(word),
    next: <Kind extends Word['kind']>(kind: Kind) =>
      heard.find((word) => word.kind === kind) as Promise<Extract<Word, { kind: Kind }>>,
  }
}

/** A port, and what it tells its tab. */
function openPort(room: string, key: string) {
  const told = new Queue<readonly [string, ...unknown[]]>()
  let silence = () => {}
  let waits = false
  const transport = portTransport({
    room,
    key: () => key,
    later(_ms, run) {
      silence = run
      waits = true
      return () => void (waits = false)
    },
    silent: () => told.push(['silent']),
    carried: ({ transport: name }) => told.push(['carried', name]),
  })
  const connection = transport.open(
    { base: '', headers: undefined, credentials: undefined, token: undefined, starts: [], alone: true },
    {
      head: () => {},
      opened: () => told.push(['opened']),
      heard: () => {},
      received: (message) => told.push(['received', message]),
      answered: () => {},
      ended: ({ message }) => told.push(['ended', message]),
    },
  )
  let isOpen = true
  const close = () => {
    if (isOpen) connection.close()
    isOpen = false
  }
  ends.push(close)
  const say = (text: string) => connection.send({ type: 'ping', text } as Outgoing)
  return { told, close, say, keepSilent: () => silence(), waits: () => waits }
}

const opened = (to: string, leader: string): Word => ({
  kind: 'opened',
  to,
  leader,
  welcome: {},
  over: undefined,
})
const tell = (to: string, n: number): Word => ({
  kind: 'tell',
  to,
  message: { type: 'message', channel: 'a', event: 'n', data: n } as ServerMessage,
})
const received = (n: number) => ['received', expect.objectContaining({ data: n })]
const taken = (name: string) => navigator.locks.request(name, { ifAvailable: true }, (lock) => lock === null)

describe.skipIf(noLocks)('a port', () => {
  test('asks only when its lock is held, and takes what is said to it alone, once', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const free = await holdPort('p')
    const { told, say: sayOver } = openPort(room, 'p')
    // It has heard who leads, and says what it has to say: nothing yet.
    radio.say({ kind: 'leads', leader: 'L' })
    radio.say(tell('p', 1))
    expect(await told.next()).toEqual(received(1))
    sayOver('heard')
    expect(await radio.heard.next()).toMatchObject({ kind: 'say', text: 'heard' })
    free()
    expect(await radio.heard.next()).toEqual({ kind: 'open', port: 'p' })
    expect(await taken(portLock('p'))).toBe(true)
    for (const word of [
      opened('q', 'L'),
      tell('q', 1),
      opened('p', 'L'),
      opened('p', 'L'),
      tell('p', 2),
      tell('q', 3),
    ])
      radio.say(word)
    expect(await told.next()).toEqual(['opened'])
    expect(await told.next()).toEqual(received(2))
    radio.say(tell('p', 4))
    expect(await told.next()).toEqual(received(4))
  })

  test('ends when another leads, not when the same says so again', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { told } = openPort(room, 'p')
    await radio.next('open')
    radio.say(opened('p', 'L'))
    radio.say({ kind: 'leads', leader: 'L' })
    radio.say({ kind: 'over', leader: 'other', over: { transport: 'poll', reason: 'x' } })
    radio.say({ kind: 'over', leader: 'L', over: { transport: 'sse', reason: 'x' } })
    radio.say({ kind: 'leads', leader: 'M' })
    expect(await told.next()).toEqual(['opened'])
    expect(await told.next()).toEqual(['carried', 'sse'])
    expect(await told.next()).toEqual(['ended', 'another tab leads'])
  })

  test('calls a leader silent that has not even asked it to wait', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const [silent, waiting] = [openPort(room, 'p'), openPort(room, 'q')]
    await radio.next('open')
    await radio.next('open')
    radio.say({ kind: 'wait', to: 'q' })
    await expect.poll(waiting.waits).toBe(false)
    expect(silent.waits()).toBe(true)
    silent.keepSilent()
    expect(await silent.told.next()).toEqual(['silent'])
    // Who waits asks again as soon as there is a connection.
    radio.say({ kind: 'leads', leader: 'L' })
    const again = [await radio.next('open'), await radio.next('open')]
    expect(again.map(({ port }) => port)).toEqual(expect.arrayContaining(['p', 'q']))
  })

  test('that is closed says so, hears no more and gives up its lock', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { told, close } = openPort(room, 'p')
    await radio.next('open')
    close()
    expect(await radio.next('close')).toEqual({ kind: 'close', port: 'p' })
    await expect.poll(() => taken(portLock('p'))).toBe(false)
    // Another hears it, and answers.
    openPort(room, 'q')
    await radio.next('open')
    radio.say(opened('p', 'L'))
    radio.say({ kind: 'leads', leader: 'L' })
    expect(await radio.next('open')).toEqual({ kind: 'open', port: 'q' })
    expect(radio.heard.seen.filter((word) => word.kind === 'open' && word.port === 'p')).toHaveLength(1)
    expect(told.seen).toEqual([])
  })
})

/** A leader whose connection is what the test says. */
function openLeader(room: string) {
  let refs = 100
  const sent: Outgoing[] = []
  const forgotten: string[] = []
  const wanted: string[] = []
  let rider: Rider | undefined
  const host = {
    key: () => `L${++refs}`,
    later: () => () => {},
    join: (joined: Rider) => (rider = joined),
    welcome: () => ({ heartbeatMs: 25_000, expiresInMs: 5 }),
    nextRef: () => ++refs,
    report: (error: unknown) => expect.unreachable(String(error)),
    subscriptions: {
      changed: (name: string) => wanted.push(name),
      forget: (name: string) => forgotten.push(name),
      find: () => undefined,
    },
    // What the leader does not ask for is not there.
  } as unknown as ChannelHost
  const line = () => ({ send: (outgoing: Outgoing) => sent.push(outgoing) }) as unknown as OpenLine
  const leader = new Leader(host, room)
  ends.push(() => leader.stop())
  return { leader, rider: () => rider as Required<Rider>, line, sent, wanted, forgotten }
}

/** A port without its tab: a lock, until `die()`. */
async function holdPort(port: string): Promise<() => void> {
  let die = () => {}
  await new Promise<void>((held) => {
    void navigator.locks.request(portLock(port), () => {
      held()
      return new Promise<void>((resolve) => (die = resolve))
    })
  })
  ends.push(() => die())
  return () => die()
}

const say = (port: string, message: object): Word => ({ kind: 'say', port, text: JSON.stringify(message) })
const published = (ref: number): ServerMessage =>
  ({ type: 'published', ref, id: '1-a', duplicate: false }) as ServerMessage

describe.skipIf(noLocks)('a leader', () => {
  test('lets ports wait until it has a connection, and then calls them; another connection is no news to them', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { leader, rider, line } = openLeader(room)
    await holdPort('p')
    radio.say({ kind: 'open', port: 'p' })
    expect(await radio.next('wait')).toEqual({ kind: 'wait', to: 'p' })
    rider().adopted(line())
    leader.carried({ transport: 'sse', reason: 'x' })
    const { leader: id } = await radio.next('leads')
    radio.say({ kind: 'open', port: 'p' })
    const over = { transport: 'sse', reason: 'x' }
    // Its own token is no matter of the others, nor are its heartbeats.
    const welcome = { heartbeatMs: 90_000 }
    expect(await radio.next('opened')).toEqual({ kind: 'opened', to: 'p', leader: id, welcome, over })
    rider().adopted(line())
    leader.carried({ transport: 'websocket', reason: 'y' })
    await radio.next('over')
    radio.say(say('p', { type: 'ping' }))
    // Nothing came between.
    expect(await radio.heard.next()).toMatchObject({ kind: 'tell', to: 'p', message: { type: 'ping' } })
  })

  test('says again on another connection what was not answered, and gives each answer to who has asked, by its own number', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { rider, line, sent } = openLeader(room)
    rider().adopted(line())
    for (const port of ['p', 'q']) {
      await holdPort(port)
      radio.say({ kind: 'open', port })
      await radio.next('opened')
      radio.say(say(port, { type: 'publish', channel: 'a', event: 'n', data: port, key: port, ref: 7 }))
    }
    await expect.poll(() => sent.length).toBe(2)
    const [first, second] = sent.splice(0)
    rider().received(published(Number(second?.ref)))
    // Once: an answer that comes again is nobody's.
    rider().received(published(Number(second?.ref)))
    expect(await radio.next('tell')).toMatchObject({ to: 'q', message: { type: 'published', ref: 7 } })
    rider().adopted(line())
    expect(sent).toHaveLength(1)
    const withoutRef = (text = '{}') => ({ ...JSON.parse(text), ref: 0 })
    expect(withoutRef(sent[0]?.text)).toEqual(withoutRef(first?.text))
    expect(sent[0]?.ref).not.toBe(first?.ref)
    rider().received(published(Number(first?.ref)))
    rider().received(published(Number(sent[0]?.ref)))
    expect(await radio.heard.next()).toMatchObject({ kind: 'tell', to: 'p', message: { ref: 7 } })
    radio.say(say('q', { type: 'ping' }))
    expect(await radio.heard.next()).toMatchObject({ to: 'q', message: { type: 'ping' } })
  })

  test('that has lost its connection ends every port, and says nothing again for them: they do', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { rider, line, sent, forgotten } = openLeader(room)
    rider().adopted(line())
    await holdPort('p')
    radio.say({ kind: 'open', port: 'p' })
    await radio.next('opened')
    radio.say(say('p', { type: 'publish', channel: 'a', event: 'n', data: 1, key: 'k', ref: 1 }))
    radio.say(say('p', { type: 'subscribe', channel: 'a', ref: 2 }))
    await expect.poll(() => sent.length).toBe(1)
    rider().lost(line())
    expect(await radio.next('ended')).toMatchObject({ to: 'p', ending: { retry: 'now', told: true } })
    expect(forgotten).toEqual(['a'])
    rider().adopted(line())
    await radio.next('leads')
    // Whoever has not come back is not heard.
    radio.say(say('p', { type: 'publish', channel: 'a', event: 'n', data: 2, key: 'l', ref: 3 }))
    radio.say({ kind: 'open', port: 'q' })
    await radio.next('opened')
    expect(sent).toHaveLength(1)
  })

  test('keeps a channel for as long as one port follows it, and learns from its lock that a tab is gone', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { rider, line, wanted, forgotten } = openLeader(room)
    rider().adopted(line())
    const die: (() => void)[] = []
    for (const port of ['p', 'q']) {
      die.push(await holdPort(port))
      // Twice, as who has asked and waited does.
      for (let i = 0; i < 2; i++) radio.say({ kind: 'open', port })
      await radio.next('opened')
      await radio.next('opened')
    }
    radio.say(say('p', { type: 'subscribe', channel: 'a', after: 'now', ref: 1 }))
    radio.say(say('p', { type: 'subscribe', channel: 'b', after: 'now', ref: 2 }))
    await expect.poll(() => wanted).toEqual(['a', 'b'])
    radio.say(say('p', { type: 'unsubscribe', channel: 'b', ref: 3 }))
    await expect.poll(() => forgotten).toEqual(['b'])
    die[0]?.()
    await expect.poll(() => forgotten).toEqual(['b', 'a'])
    radio.say(say('p', { type: 'ping' }))
    radio.say(say('q', { type: 'ping' }))
    expect(await radio.next('tell')).toMatchObject({ to: 'q' })
  })

  test('that is refused for good tells so to who comes later, too', async () => {
    const room = newRoom()
    const radio = openRadio(room)
    const { leader } = openLeader(room)
    const ending = { retry: 'never', told: true, code: 'forbidden', message: 'no' } as const
    leader.refused(ending)
    radio.say({ kind: 'open', port: 'p' })
    expect(await radio.next('ended')).toEqual({ kind: 'ended', to: 'p', ending })
  })
})
