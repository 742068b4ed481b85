import { beforeAll, describe, expect, test } from 'vitest'
import { configurations } from './configurations.ts'
import { idleMs } from './launch.ts'
import { measure, type Measured, type Plan } from './measure.ts'
import { unlessThere, type ProxyName } from './programs.ts'
import type { Kind } from './readers.ts'

interface Expected {
  readonly proxy: ProxyName
  readonly configuration: string
  /** What the SDK takes by itself, and why. */
  readonly took: string
  /** The bare clients that do not get through, and what they meet. */
  readonly stopped: Readonly<Partial<Record<Kind, string>>>
  /** Whether it cuts what is silent. */
  readonly cuts: boolean
}

const upgrade = { stopped: {}, took: 'websocket: preferred', cuts: true }
const noUpgrade = { stopped: { websocket: 'no upgrade' }, took: 'sse: websocket blocked', cuts: true }
const held = {
  stopped: { websocket: 'no upgrade', sse: 'held back until the end' },
  took: 'poll: websocket blocked, sse blocked',
  cuts: true,
}

const expected: readonly Expected[] = [
  { proxy: 'nginx', configuration: 'defaults', ...noUpgrade },
  { proxy: 'nginx', configuration: 'buffering forced', ...held },
  { proxy: 'nginx', configuration: 'upgrade', ...upgrade },
  { proxy: 'haproxy', configuration: 'defaults', ...upgrade },
  { proxy: 'varnish', configuration: 'defaults', ...noUpgrade },
  { proxy: 'squid', configuration: 'defaults', ...noUpgrade },
  { proxy: 'caddy', configuration: 'defaults', ...upgrade, cuts: false },
  { proxy: 'apache', configuration: 'defaults', ...noUpgrade },
]

interface Run {
  readonly clients: readonly Measured[]
  /** The same without heartbeats. */
  readonly unheard: readonly Measured[]
}

async function run({ proxy, configuration: name }: Expected): Promise<Run> {
  const configuration = configurations.find((each) => each.proxy === proxy && each.name === name)
  if (!configuration) throw new Error(`no configuration ${proxy}, ${name}`)
  const silence: Plan = { heartbeatMs: 100 * idleMs, clients: ['websocket', 'sse'], events: 1, breaks: false }
  const [clients, unheard] = await Promise.all([
    measure(configuration, { events: 20 }),
    measure(configuration, silence),
  ])
  return { clients, unheard }
}

const runs = new Map<Expected, Run>()
const there = expected.filter(({ proxy }) => unlessThere(proxy) === '')

// All at once: most of a run is waiting for time-outs.
beforeAll(async () => {
  await Promise.all(there.map(async (each) => runs.set(each, await run(each))))
}, 90_000)

const named = expected.map((expects) => ({ ...expects, expects, why: unlessThere(expects.proxy) }))

describe.each(named)('behind $proxy, $configuration $why', ({ expects, took, stopped, cuts, why }) => {
  const found = (): Run => {
    const those = runs.get(expects)
    if (!those) throw new Error('it has not run')
    return those
  }
  const working = (rows: readonly Measured[]) => rows.filter(({ client }) => !(client in stopped))

  test.skipIf(why)('C51 C52 the SDK takes what gets through, and says why', () => {
    const { clients } = found()
    expect(clients.find(({ client }) => client === 'sdk')?.took).toBe(took)
    const spoke = expect.any(Number)
    for (const { client, first } of clients)
      expect([client, first]).toEqual([client, stopped[client] ?? spoke])
  })

  test.skipIf(why)(
    'C12 C43 nothing is lost or doubled though its server is cut off, and it is killed',
    () => {
      const wrong = working(found().clients).map((row) => [row.client, row.wrong])
      expect(wrong).toEqual(wrong.map(([client]) => [client, '']))
    },
  )

  test.skipIf(why)('C9 C28 heartbeats outlive the time-out that cuts what is silent', () => {
    const { clients, unheard } = found()
    for (const { client, lostWhileIdle } of working(clients))
      expect([client, lostWhileIdle]).toEqual([client, 0])
    for (const { client, lostWhileIdle = 0 } of working(unheard))
      expect([client, lostWhileIdle > 0]).toEqual([client, cuts])
  })

  test.skipIf(why)('C14 the server learns that a client has gone', () => {
    for (const { client, leftAfter } of working(found().clients))
      expect([client, leftAfter]).toEqual([client, expect.any(Number)])
  })
})
