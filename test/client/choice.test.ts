import { afterEach, describe, expect, test, vi } from 'vitest'
import { chooser, type Standings } from '../../src/client/chooser.ts'
import type { TransportName } from '../../src/client/transports/transport.ts'
import { memory } from '../../src/client/memory.ts'
import type { PageEvent } from '../../src/client/page.ts'
import { Wire } from '../../src/client/wire.ts'
import { randomFrom, VirtualClock } from '../property/client/clock.ts'
import { Reader } from '../property/client/judge.ts'
import { calm, Network, type Weather } from '../property/client/network.ts'
import { SimServer } from '../property/client/server.ts'

type Path = Partial<Record<TransportName, Partial<Weather>>>

const refused = { refused: 1 }
/** It opens, and nothing comes after that. */
const swallows = { cutAfterMs: 1, halfOpen: 1 }
const killed = { killed: 1 }
const held = { headOnly: 1 }
const silent = { silent: 1 }

function weatherOf(path: Path): Record<TransportName, Weather> {
  return {
    websocket: { ...calm, ...path.websocket },
    sse: { ...calm, ...path.sse },
    poll: { ...calm, ...path.poll },
  }
}

/** A page on a path, in virtual time, with a message every second. */
function open(path: Path, learned?: Standings) {
  const clock = new VirtualClock()
  const startedAt = clock.now
  const random = randomFrom(11)
  const server = new SimServer()
  const net = new Network(clock, random, server, weatherOf(path))
  const faults: unknown[] = []
  let standings = learned
  let tell: (event: PageEvent) => void = () => {}
  const wire = new Wire(
    ['http://sim/wire'],
    { token: '1' },
    {
      transports: net.transports(),
      now: () => clock.now,
      random,
      later: (ms, run) => clock.later(ms, run),
      key: () => String(random()),
      report: (error) => faults.push(error),
      recall: () => standings ?? {},
      remember: (now) => (standings = now),
    },
    (told) => {
      tell = told
      return () => {}
    },
  )
  const took: { readonly transport: string; readonly at: number }[] = []
  wire.on('transport', ({ transport }) => took.push({ transport, at: clock.now - startedAt }))
  const reader = new Reader(server, 'a', 0)
  const channel = wire.channel('a', { after: 'earliest' })
  channel.onMessage((message) => reader.message(message))
  channel.on('gap', (gap) => reader.gap(gap))
  // Where nothing can be sent it waits, and must not disturb what can be heard.
  void wire
    .channel('b')
    .publish('e', 'said')
    .catch(() => undefined)
  return {
    wire,
    net,
    took,
    learned: () => standings,
    tell: (event: PageEvent) => tell(event),
    async passes(seconds: number) {
      for (let s = 0; s < seconds; s++) {
        server.publish(clock.now, { channel: 'a', data: s })
        await clock.runUntil(clock.now + 1_000)
      }
    },
    becomes: (next: Path) => Object.assign(net.weather, weatherOf(next)),
    /** Everything has come, once and in order, and nobody complained. */
    async ends() {
      await clock.runUntil(clock.now + 40_000)
      reader.finish()
      expect(faults).toEqual([])
      wire.close()
    },
  }
}

describe('the choice, in virtual time', () => {
  // The transport that it ends with, the milliseconds until it is taken, the attempts of ten minutes.
  test.each<[string, Path, TransportName, number, number]>([
    ['nothing stands in the way', {}, 'websocket', 500, 1],
    ['the upgrade is refused, or stripped', { websocket: refused }, 'sse', 3_000, 15],
    ['the upgrade is swallowed', { websocket: silent }, 'sse', 3_000, 15],
    ['WebSockets open and swallow what follows', { websocket: swallows }, 'sse', 5_000, 20],
    ['WebSockets are killed after 200 ms, for ever', { websocket: killed }, 'sse', 5_000, 20],
    ['the bodies of event streams are held', { websocket: refused, sse: held }, 'poll', 5_000, 80],
    ['everything is held until its end', { websocket: silent, sse: silent }, 'poll', 8_000, 80],
    [
      'HTTP/1.0 only: no upgrade, and streams without an end',
      { websocket: refused, sse: silent },
      'poll',
      8_000,
      80,
    ],
    ['events come late, in clumps', { websocket: refused, sse: { latencyMs: 1_000 } }, 'sse', 4_300, 15],
    ['POST is blocked', { websocket: refused, sse: { lost: 1 }, poll: { lost: 1 } }, 'sse', 3_000, 15],
    [
      'a WebSocket is busy, and slow, but healthy',
      { websocket: { latencyMs: 600, lies: 0.2 } },
      'websocket',
      3_000,
      3,
    ],
  ])('%s', async (_what, path, transport, withinMs, attempts) => {
    const page = open(path)
    await page.passes(600)
    expect(page.took.at(-1)?.transport).toBe(transport)
    expect(page.took.find((each) => each.transport === transport)?.at).toBeLessThan(withinMs)
    expect(page.net.opens.length).toBeLessThanOrEqual(attempts)
    await page.ends()
  })

  test('where a path gets worse, another is taken, and nothing is lost', async () => {
    const page = open({})
    await page.passes(60)
    page.becomes({ websocket: { ...refused, cutAfterMs: 1 } })
    for (const connection of page.net.open) connection.cut()
    await page.passes(60)
    expect(page.took.map(({ transport }) => transport)).toEqual(['websocket', 'sse'])
    await page.ends()
  })

  test('where a path gets better, the better transport is taken again, and nothing is lost', async () => {
    const page = open({ websocket: refused })
    await page.passes(60)
    page.becomes({})
    // It was refused twice: it is held for a minute at most.
    await page.passes(120)
    expect(page.took.map(({ transport }) => transport)).toEqual(['sse', 'websocket'])
    expect(page.net.open.size).toBe(1)
    await page.ends()
  })

  test('the next page knows what the last one learned, and forgets it on another network', async () => {
    const before = open({ websocket: refused })
    await before.passes(3)
    before.wire.close()
    const page = open({ websocket: refused }, before.learned())
    await page.passes(3)
    expect(page.took[0]?.transport).toBe('sse')
    expect(page.took[0]?.at).toBeLessThan(200)
    expect(page.net.opens).toHaveLength(1)
    page.tell('online')
    expect(page.learned()).toEqual({})
    await page.ends()
  })
})

describe('what was learned', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('is kept for the next page of the tab, for ten minutes, but for what has lived', () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    })
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000)
    const { recall, remember } = memory('k')
    expect(recall?.()).toEqual({})
    const blocked = { strikes: 0, holds: 1, heldUntil: 16_000, outcome: 'blocked' } as const
    const struck = { strikes: 2, holds: 0, heldUntil: 0 }
    // On another network it would be tried alone.
    const ways = chooser(
      ['websocket', 'sse', 'poll'],
      () => 1_000,
      { websocket: blocked, sse: struck },
      remember,
    )
    ways.lived('poll')
    const expected = { websocket: blocked, sse: { ...struck, strikes: 0 } }
    now.mockReturnValue(600_999)
    expect(recall?.()).toEqual(expected)
    expect(memory('other').recall?.()).toEqual({})
    now.mockReturnValue(601_000)
    expect(recall?.()).toEqual({})
    now.mockRestore()
  })

  test('is nothing where a page may keep nothing', () => {
    const { recall, remember } = memory('k')
    vi.stubGlobal('sessionStorage', undefined)
    remember?.({})
    expect(recall?.()).toEqual({})
  })
})
