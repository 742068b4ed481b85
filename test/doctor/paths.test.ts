import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { judge, type Verdict } from '../../src/doctor/verdict.ts'
import type { Measurements } from '../../src/doctor/measurements.ts'
import { everwire } from '../../src/index.ts'
import { meddlingProxy, type Meddling } from '../support/meddling-proxy.ts'

interface Path {
  readonly meddling: Meddling
  readonly idleMs?: number
  readonly heartbeatMs?: number
}

/** Every path that is examined here: all at once, because examining is mostly waiting. */
const paths = {
  'a good path': { meddling: {}, idleMs: 300 },
  'a stripped handshake': { meddling: { upgrade: 'strip' } },
  'a refused handshake': { meddling: { upgrade: 'refuse' } },
  'a swallowed WebSocket': { meddling: { upgrade: 'swallow' } },
  'a WebSocket that is cut': { meddling: { upgrade: 'cut' } },
  'a stream held until its end': { meddling: { stream: 'hold' } },
  'a stream in clumps': { meddling: { stream: { everyMs: 480 } } },
  'a stream that is cut': { meddling: { stream: 'cut' } },
  'a stream held back by compression': { meddling: { gzip: 'hold' } },
  'a stream compressed and flushed': { meddling: { gzip: 'flush' } },
  'a body limit below a batch': { meddling: { bodyBytes: 1_000_000 } },
  'a body limit below a message': { meddling: { bodyBytes: 50_000 } },
  'no POST at all': { meddling: { bodyBytes: 10 } },
  'a dropped Last-Event-ID': { meddling: { drop: ['last-event-id'] } },
  'a query that is cut off': { meddling: { noQuery: true } },
  'stripped and held': { meddling: { upgrade: 'strip', stream: 'hold' } },
  'nothing but short answers': { meddling: { upgrade: 'refuse', stream: 'hold', forbid: '/hold' } },
  'silence cut before the heartbeat': { meddling: { idleMs: 2_000 }, idleMs: 4_000 },
  'silence cut after the heartbeat': { meddling: { idleMs: 2_000 }, idleMs: 4_000, heartbeatMs: 300 },
} as const satisfies Readonly<Record<string, Path>>
type Name = keyof typeof paths

interface Examined extends Verdict {
  readonly so: Measurements
  readonly codes: readonly string[]
}

const examined = new Map<string, Examined>()
const ends: (() => unknown)[] = []

async function examinePath({ meddling, idleMs = 0, heartbeatMs = 25_000 }: Path): Promise<Examined> {
  const wire = everwire({ dev: true, heartbeatMs })
  ends.push(() => wire.close())
  const { port } = await wire.listen(0, '127.0.0.1')
  const { url, close } = await meddlingProxy(port, meddling)
  ends.push(close)
  const so = await examine({ base: `${url}/wire`, from: 'command', idleMs, origin: url, patienceMs: 4_000 })
  const verdict = judge(so)
  return { ...verdict, so, codes: verdict.findings.map(({ code }) => code) }
}

beforeAll(async () => {
  await Promise.all(
    Object.entries(paths).map(async ([name, path]) => examined.set(name, await examinePath(path))),
  )
}, 60_000)
afterAll(async () => {
  await Promise.all(ends.map((end) => end()))
})

function of(name: Name): Examined {
  const found = examined.get(name)
  if (!found) throw new Error(`${name} was not examined`)
  return found
}

describe('the doctor', () => {
  test('C79 finds nothing where nothing is wrong', () => {
    const { level, sentence, codes, transport } = of('a good path')
    expect({ level, codes, transport }).toEqual({ level: 'good', codes: [], transport: 'websocket' })
    expect(sentence).toBe('All is well: WebSockets, event streams and long-polling all get through.')
  })

  const expected: readonly (readonly [Name, Verdict['level'], readonly string[], Verdict['transport']])[] = [
    ['a stripped handshake', 'findings', ['upgrade-stripped'], 'sse'],
    ['a refused handshake', 'findings', ['upgrade-refused'], 'sse'],
    ['a swallowed WebSocket', 'findings', ['websocket-swallowed'], 'sse'],
    ['a WebSocket that is cut', 'findings', ['websocket-cut'], 'sse'],
    ['a stream held until its end', 'findings', ['sse-buffered'], 'websocket'],
    ['a stream in clumps', 'findings', ['sse-delayed'], 'websocket'],
    ['a stream that is cut', 'findings', ['sse-lost'], 'websocket'],
    ['a stream held back by compression', 'findings', ['compression-held'], 'websocket'],
    ['a stream compressed and flushed', 'good', ['compression-added'], 'websocket'],
    ['a body limit below a batch', 'good', ['batch-limited'], 'websocket'],
    ['a body limit below a message', 'findings', ['post-limited'], 'websocket'],
    ['no POST at all', 'findings', ['post-blocked'], 'websocket'],
    ['a dropped Last-Event-ID', 'findings', ['last-event-id-lost'], 'websocket'],
    ['stripped and held', 'findings', ['upgrade-stripped', 'sse-buffered'], 'poll'],
    ['silence cut before the heartbeat', 'findings', ['idle-cut', 'poll-cut'], 'websocket'],
    ['silence cut after the heartbeat', 'good', ['idle-limit'], 'websocket'],
  ]
  test.each(expected)('C16 C17 C53 C79 names %s', (name, level, codes, transport) => {
    // What was measured is shown where something else was found.
    expect(of(name)).toMatchObject({ level, codes, transport })
  })

  test('says in a sentence what is left where proxies strip and hold', () => {
    expect(of('stripped and held').sentence).toBe(
      'Live updates work here over long-polling. WebSockets do not: a proxy on the way turns the handshake into a plain request. Event streams do not: a proxy on the way holds them back until they end.',
    )
  })

  test('says so where nothing gets through', () => {
    const { level, sentence, transport } = of('nothing but short answers')
    expect({ level, transport }).toEqual({ level: 'broken', transport: undefined })
    expect(sentence).toBe(
      'Live updates do not get through to this server. WebSockets do not: something on the way refuses the handshake. Event streams do not: a proxy on the way holds them back until they end. Long-polling does not: its answers do not come.',
    )
  })

  test('does not take a stream without its query for a good one', () => {
    expect(of('a query that is cut off').codes).toContain('query-lost')
  })

  test('measures when silence was cut', () => {
    const { idle } = of('silence cut before the heartbeat').so
    for (const probe of [idle?.socket, idle?.stream, idle?.hold]) {
      const afterMs = probe?.kind === 'cut' ? probe.afterMs : Infinity
      expect(afterMs).toBeGreaterThan(1_500)
      expect(afterMs).toBeLessThan(4_000)
    }
  })
})
