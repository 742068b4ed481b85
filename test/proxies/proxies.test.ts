import { beforeAll, describe, expect, test } from 'vitest'
import { configurations } from './configurations.ts'
import { measure, type Measured } from './measure.ts'
import { unlessThere, type ProxyName } from './programs.ts'
import type { Kind } from './readers.ts'

interface Expected {
  readonly proxy: ProxyName
  readonly configuration: string
  /** What the SDK takes by itself, and why. */
  readonly took: string
  /** The bare clients that do not get through, and what they meet. */
  readonly stopped: Readonly<Partial<Record<Kind, string>>>
  /** Which of a WebSocket and an event stream it cuts when they are silent, of those that get through. */
  readonly cuts: readonly boolean[]
}

const upgrade = { stopped: {}, took: 'websocket: preferred', cuts: [true, true] }
const noUpgrade = { stopped: { websocket: 'no upgrade' }, took: 'sse: websocket blocked', cuts: [true] }
const held = {
  stopped: { websocket: 'no upgrade', sse: 'held back until the end' },
  took: 'poll: websocket blocked, sse blocked',
  cuts: [],
}

const expected: readonly Expected[] = [
  { proxy: 'nginx', configuration: 'defaults', ...noUpgrade },
  { proxy: 'nginx', configuration: 'buffering forced', ...held },
  { proxy: 'nginx', configuration: 'recommended', ...upgrade },
  { proxy: 'haproxy', configuration: 'defaults', ...upgrade },
  { proxy: 'haproxy', configuration: 'recommended', ...upgrade },
  { proxy: 'varnish', configuration: 'defaults', ...noUpgrade },
  { proxy: 'squid', configuration: 'defaults', ...noUpgrade },
  { proxy: 'caddy', configuration: 'recommended', ...upgrade, cuts: [false, false] },
  { proxy: 'apache', configuration: 'defaults', ...noUpgrade },
  { proxy: 'apache', configuration: 'recommended', ...upgrade, cuts: [false, true] },
]

const runs = new Map<string, readonly Measured[]>()

async function run({ proxy, configuration: name }: Expected): Promise<void> {
  const configuration = configurations.find((each) => each.proxy === proxy && each.name === name)
  if (!configuration) throw new Error(`no configuration ${proxy}, ${name}`)
  // Further apart than the 0.2 s for which haproxy by default waits for more.
  runs.set(`${proxy} ${name}`, await measure(configuration, { events: 9, paceMs: 250 }))
}

// All at once: most of a run is waiting for time-outs. None is left running when one has failed.
beforeAll(async () => {
  const there = expected.filter(({ proxy }) => unlessThere(proxy) === '')
  const ended = await Promise.allSettled(there.map(run))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}, 90_000)

const named = expected.map((each) => ({ ...each, why: unlessThere(each.proxy) }))

describe.each(named)('behind $proxy, $configuration $why', (expects) => {
  const { proxy, configuration, took, stopped, cuts, why } = expects
  const found = (): readonly Measured[] => {
    const those = runs.get(`${proxy} ${configuration}`)
    if (!those) throw new Error('it has not run')
    return those
  }
  const working = () => found().filter(({ client }) => !(client in stopped))

  test.skipIf(why)('C51 C52 the SDK takes what gets through, and says why', () => {
    const clients = found()
    expect(clients.find(({ client }) => client === 'sdk')?.took).toBe(took)
    const spoke = expect.any(Number)
    for (const { client, first } of clients)
      expect([client, first]).toEqual([client, stopped[client] ?? spoke])
  })

  test.skipIf(why)(
    'C12 C43 nothing is lost or doubled though its server is cut off, and it is killed',
    () => {
      const wrong = working().map((row) => [row.client, row.wrong])
      expect(wrong).toEqual(wrong.map(([client]) => [client, '']))
    },
  )

  test.skipIf(why)('C9 C28 heartbeats outlive the time-out that cuts what is silent', () => {
    const lost = working().map(({ client, lostWhileIdle }) => [client, lostWhileIdle])
    expect(lost).toEqual(lost.map(([client]) => [client, 0]))
    expect(working().flatMap(({ cutWhenQuiet = [] }) => cutWhenQuiet)).toEqual(cuts)
  })

  test.skipIf(why)('C14 the server learns that a client has gone', () => {
    for (const { client, leftAfter } of working())
      expect([client, leftAfter]).toEqual([client, expect.any(Number)])
  })

  test.skipIf(why)('C16 C74 no event waits for the next, but for 0.2 s with the defaults of haproxy', () => {
    const p50 = (wanted: Kind) => found().find(({ client }) => client === wanted)?.p50 ?? NaN
    const waits = proxy === 'haproxy' && configuration === 'defaults'
    expect('sse' in stopped || p50('sse') - p50('poll') > 100 === waits).toBe(true)
  })
})
