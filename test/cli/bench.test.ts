import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { covers } from '../../src/cli/bench/gaps.ts'
import { Histogram } from '../../src/cli/bench/histogram.ts'
import { type Asked, clientsOf, planOf } from '../../src/cli/bench/plan.ts'
import { Publisher } from '../../src/cli/bench/publisher.ts'
import { seeded } from '../../src/cli/bench/random.ts'
import { Receipts } from '../../src/cli/bench/receipts.ts'
import { listenersOf, metrics, processes } from '../../src/cli/bench/server-process.ts'
import type { Result } from '../../src/cli/bench/measured.ts'
import { resultOf } from '../../src/cli/bench/result.ts'
import { tableOf } from '../../src/cli/bench/table.ts'
import { listening } from '../support/port.ts'
import { start } from '../wire/start.ts'
import { countingProxy, poorServer } from './bench-server.ts'
import { Command, endCommands, everwire, startServer } from './command.ts'

afterEach(endCommands)

/** A short load, and what came of it. */
async function bench(url: string, ...args: readonly string[]): Promise<{ code: unknown; result: Result }> {
  const { code, stdout, stderr } = await everwire(['bench', url, '--json', ...second(args)])
  if (stdout === '') throw new Error(stderr)
  return { code, result: JSON.parse(stdout) }
}

/** One second is enough for most. */
function second(args: readonly string[]): readonly string[] {
  return args.includes('--seconds') ? args : [...args, '--seconds', '1']
}

/** Each message that was acknowledged, to so many subscribers. */
function deliveries({ messages: { acknowledged } }: Result, subscribers: number) {
  expect(acknowledged).toBeGreaterThan(0)
  return { expected: acknowledged * subscribers, delivered: acknowledged * subscribers }
}

const faultless = { lost: 0, told: 0, doubled: 0, disordered: 0, gaps: 0 }
const nothing = { received: NaN, payload: NaN, envelope: NaN, framing: NaN, sent: NaN }
const spread = { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) }

// A machine that is busy with others may take long to start a command.
const patient = { timeout: 120_000 }

describe('bench', patient, () => {
  test('[C32] [C76] [C80] counts each message, times connecting and delivery, and weighs the wire, over each transport', async () => {
    const { port } = await startServer()
    const wire = await countingProxy(port)
    const transports = [
      // What frames a message: frame headers (RFC 6455, 5.2), chunks (RFC 9112, 7.1), heads of answers.
      ['websocket', [2, 14]],
      ['sse', [1, 40]],
      ['poll', [1, 600]],
    ] as const
    for (const [transport, [least, most]] of transports) {
      const { code, result } = await bench(
        wire.url,
        '--transport',
        transport,
        '--clients',
        '5',
        '--rate',
        '20',
      )
      expect(result.messages).toMatchObject({
        ...faultless,
        ...deliveries(result, 5),
        acknowledgedMs: spread,
      })
      expect(Object.keys(result.transports)).toEqual([transport])
      const measured = result.transports[transport]
      expect(measured).toMatchObject({ clients: 5, connectMs: spread, deliveryMs: spread })
      const { received, payload, envelope, framing, sent } = measured?.bytesPerMessage ?? nothing
      expect(received * result.messages.delivered).toBeCloseTo(wire.taken(), 6)
      expect(payload).toBe(128)
      expect(envelope).toBeGreaterThan('{"type":"message","channel":"bench","data":}'.length)
      expect(framing).toBeGreaterThanOrEqual(least)
      expect(framing).toBeLessThanOrEqual(most)
      // Whoever polls has to ask.
      expect(sent > 0).toBe(transport === 'poll')
      expect([code, result.ok]).toEqual([0, true])
    }
  })

  test('cuts connections with --drop, which resume and lose nothing', async () => {
    const { url } = await startServer()
    const load = ['--clients', '30', '--rate', '50', '--channels', '3', '--seconds', '2']
    const { code, result } = await bench(url, '--drop', '80%', '--seed', '7', ...load)
    const { cut, ended, recovered, recoveredMs } = result.reconnects
    expect(cut).toBeGreaterThan(10)
    expect([recovered, ended]).toEqual([cut, 0])
    expect(recoveredMs).toEqual(spread)
    expect(result.seed).toBe(7)
    expect(result.messages).toMatchObject({ ...faultless, ...deliveries(result, 10) })
    expect(code).toBe(0)
  })

  test('goes on through a server that is killed and started again', async () => {
    const data = mkdtempSync(join(tmpdir(), 'everwire-bench-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const first = await startServer({ options: ['--data', data] })
    const command = new Command(['bench', first.url, '--json', '--clients', '9', '--seconds', '3'])
    await command.until(({ stderr }) => stderr.some((line) => Number(JSON.parse(line).delivered) > 0))
    first.command.kill('SIGKILL')
    await first.command.ended
    await startServer({ port: first.port, options: ['--data', data] })
    const code = await command.ended
    const [result] = command.results
    expect(result?.['messages']).toMatchObject({ ...faultless, unknown: 0 })
    expect(result?.['reconnects']).toMatchObject({ cut: 0, ended: 9, recovered: 9 })
    expect(code).toBe(0)
  })

  test('sees each message that a server loses, doubles or swaps, and each gap, over every transport', async () => {
    const url = await poorServer({ wrong: true })
    const mix = ['--clients', '9', '--mix', 'websocket=1,sse=1,poll=1', '--rate', '20']
    const { code, result } = await bench(url, ...mix)
    const { expected, delivered } = result.messages
    expect(result.messages).toMatchObject({ lost: 9, told: 9, gaps: 9, doubled: 9, disordered: 9 })
    expect(delivered).toBe(expected - 18)
    expect([code, result.ok]).toEqual([1, false])
  })

  test('says who was not served, and ends with 1', async () => {
    const url = await poorServer({ most: 6 })
    const { code, result } = await bench(url, '--clients', '9', '--mix', 'websocket=1,sse=1,poll=1')
    expect(result.clients).toEqual({ asked: 9, connected: 6, away: 0 })
    expect(result.messages).toMatchObject({ ...faultless, ...deliveries(result, 6) })
    expect(result.warnings.join('\n')).toContain('no room: come back later (overloaded)')
    expect([code, result.ok]).toEqual([1, false])
  })

  test('ends early when it is interrupted, with what it has measured so far', async () => {
    const { url } = await startServer()
    const command = new Command(['bench', url, '--json', '--clients', '5', '--seconds', '60'])
    await command.until(({ stderr }) => stderr.some((line) => Number(JSON.parse(line).delivered) > 0))
    command.kill('SIGINT')
    expect(await command.ended).toBe(130)
    const [result] = command.results
    expect(result).toMatchObject({ interrupted: true, ok: true, messages: { lost: 0 } })
  })

  test('for people prints a table that fits 80 columns', async () => {
    const { url } = await startServer()
    const { code, stdout, stderr } = await everwire([
      'bench',
      '--url',
      url,
      '--clients',
      '6',
      '--seconds',
      '1',
    ])
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stdout).toMatch(/^delivered +\d+$/m)
    expect(stdout).toMatch(/^websocket +3 +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$/m)
    expect(stdout).toMatch(/^server +node \(pid \d+\): \d+ MiB of memory/m)
    expect(stdout).toMatch(/^Result: nothing lost, doubled or out of order\.$/m)
    expect(stdout).not.toContain('\u001b')
    expect(stderr).toContain('3 websocket, 2 sse, 1 poll; 10 publishes/s of 128 B for 1 s')
  })
})

describe('bench, refused', patient, () => {
  test('ends with 3 where nothing answers', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((done) => server.close(done))
    const { code, stderr } = await everwire(['bench', `http://127.0.0.1:${port}`])
    expect(stderr).toContain('Nothing answers at')
    expect(code).toBe(3)
  })

  test('says so where something else answers', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('nothing here'))
    const port = await listening(server)
    onTestFinished(() => void server.close())
    const { code, stderr } = await everwire(['bench', `http://127.0.0.1:${port}`])
    expect(stderr).toContain('does not answer a publish as Everwire does')
    expect(code).toBe(1)
  })

  test('says what the server does not grant, and takes a token', async () => {
    const { url } = await start({
      authenticate: ({ headers }) => (headers['authorization'] === 'Bearer right' ? { id: 'me' } : null),
      channels: {
        bench: { subscribe: true, publish: (user) => user !== null },
        'write/*': { publish: true },
        'read/*': { subscribe: true },
        'newest/*': { keep: 'latest', subscribe: true, publish: true },
        'signals/*': { keep: 'none', subscribe: true, publish: true },
      },
    })
    const refused = async (...args: readonly string[]) => {
      const { code, stderr } = await everwire(['bench', url, '--seconds', '1', ...args])
      expect(code).toBe(1)
      return stderr
    }
    expect(await refused('--channel', 'read/1')).toMatch(/refuses to publish to read\/1: .*\(forbidden\)/s)
    expect(await refused('--channel', 'write/1')).toMatch(
      /refuses to subscribe to write\/1: .*\(forbidden\)/s,
    )
    expect(await refused('--channel', 'newest/1')).toContain("keep: 'latest'")
    expect(await refused('--channel', 'signals/1')).toContain("keep: 'none'")
    const { code, result } = await bench(url, '--token', 'right', '--clients', '3')
    expect(result.messages).toMatchObject({ ...faultless, ...deliveries(result, 3) })
    expect(code).toBe(0)
  })

  test('ends with 2 when it cannot be meant', async () => {
    for (const [args, message] of [
      [['--clients', '0'], '--clients takes a whole number from 1 to 10000; it is given "0"'],
      [['--url', 'localhost'], 'The URL is given twice'],
      [['localhost'], '"localhost" is too much'],
      [['--server-pid', '4194303'], 'There is no process 4194303 here'],
    ] as const) {
      const { code, stdout, stderr } = await everwire(['bench', 'http://127.0.0.1:9', ...args])
      expect(stderr).toContain(message)
      expect([code, stdout]).toEqual([2, ''])
    }
  })
})

describe('a plan', () => {
  const to = { base: 'http://127.0.0.1:9/wire', token: undefined }

  test.each<[Asked, string]>([
    [{ clients: '2', channels: '3' }, '--channels takes a whole number from 1 to 2'],
    [{ rate: '10000', seconds: '3600' }, '1,000,000 publishes at most; these are 36,000,000'],
    [{ mix: 'websocket=50,pigeon=50' }, '--mix takes shares like'],
    [{ mix: 'sse=0' }, '--mix leaves no client'],
    [{ mix: 'sse=1', transport: 'sse' }, '--mix and --transport exclude each other'],
    [{ transport: 'auto' }, '--transport takes websocket, sse or poll'],
    [{ drop: '101%' }, '--drop takes a share of the connections, like 5%'],
    [{ size: '10' }, '--size takes a whole number from 80'],
    [{ channel: 'a/*' }, '"a/*" cannot name a channel'],
  ])('is refused for %j', (asked, message) => {
    expect(() => planOf(asked, to)).toThrow(message)
  })

  test('shares the clients as it was asked to, to the last one, and mixes them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
        (n, w) => {
          fc.pre(w.some((weight) => weight > 0))
          const plan = planOf({ clients: String(n), mix: `websocket=${w[0]},sse=${w[1]},poll=${w[2]}` }, to)
          const whole = w.reduce((sum, weight) => sum + weight, 0)
          const counts = Object.values(plan.clients)
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(n)
          for (const [i, count] of counts.entries())
            expect(Math.abs(count - (n * (w[i] ?? 0)) / whole)).toBeLessThan(1)
          const order = clientsOf(plan)
          for (const [name, count] of Object.entries(plan.clients))
            expect(order.filter((each) => each === name)).toHaveLength(count)
        },
      ),
    )
    expect(
      clientsOf(planOf({ clients: '6', mix: 'websocket=1,sse=1' }, to))
        .slice(0, 2)
        .sort(),
    ).toEqual(['sse', 'websocket'])
  })

  test('cuts a share of the connections', () => {
    expect(['5%', '0.5', '100'].map((drop) => planOf({ drop }, to).drop)).toEqual([0.05, 0.005, 1])
  })
})

describe('receipts', () => {
  test('say what came twice and what is missing, like a list would', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (end, share, seed) => {
          const random = seeded(seed)
          const receipts = new Receipts()
          const seen = new Set<number>()
          for (let n = 0; n < end; n++) {
            if (random() >= share) continue
            expect(receipts.add(n)).toBe(true)
            seen.add(n)
          }
          for (const n of [...seen].slice(0, 10)) expect(receipts.add(n)).toBe(false)
          expect(receipts.count).toBe(seen.size)
          const missing = receipts.missing(end)
          const listed = missing.flatMap(([from, to]) =>
            Array.from({ length: to - from }, (_, i) => from + i),
          )
          expect(listed).toEqual(Array.from({ length: end }, (_, n) => n).filter((n) => !seen.has(n)))
          // Ranges that touch are one.
          expect(missing.every(([from], i) => from !== missing[i - 1]?.[1])).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a histogram', () => {
  test('is right within 1.6 %, however its parts were joined', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31 - 1), { minLength: 1 }), fc.array(fc.nat(300)), (large, small) => {
        const all = [...large, ...small].sort((a, b) => a - b)
        const [one, other] = [new Histogram(), new Histogram()]
        for (const [i, value] of all.entries()) (i % 2 === 0 ? one : other).add(value)
        const whole = new Histogram().merge(one.plain()).merge(other.plain())
        expect([whole.count, whole.max]).toEqual([all.length, all.at(-1)])
        for (const share of [0.01, 0.5, 0.99, 1]) {
          const exact = all[Math.ceil(all.length * share) - 1] ?? NaN
          const found = whole.at(share) ?? NaN
          expect(found).toBeGreaterThanOrEqual(exact)
          expect(found).toBeLessThanOrEqual(exact * 1.016)
        }
      }),
    )
    expect(new Histogram().at(0.5)).toBeUndefined()
  })
})

describe('a result', () => {
  const plan = planOf({ rate: '2', seconds: '1' }, { base: 'http://127.0.0.1:9/wire', token: undefined })
  const calm = { busy: 0.1, delayP99Ms: 1, machineBusy: 0.5 }
  const warnings = (load: typeof calm, interrupted = false) =>
    resultOf({
      plan,
      publisher: new Publisher(plan),
      reports: [],
      refused: [],
      interrupted,
      seconds: 1,
      server: undefined,
      ...load,
    }).warnings

  test('warns when the bench was short of time itself, and says how', () => {
    const late = 'Only 0 of 2 publishes could be sent in time'
    expect(warnings(calm)).toEqual([expect.stringContaining(late)])
    expect(warnings(calm, true)).toEqual([])
    expect(warnings({ ...calm, busy: 0.9 }, true)).toEqual([expect.stringContaining('busy 90 % of the time')])
    expect(warnings({ ...calm, delayP99Ms: 40 }, true)).toEqual([expect.stringContaining('late by 40 ms')])
    expect(warnings({ ...calm, machineBusy: 1 }, true)).toEqual([expect.stringContaining('100 % busy')])
  })
})

describe('a table', () => {
  const spread = { p50: 12_345.6, p99: 123_456.7, max: 123_456.7 }
  const bytes = { received: 70_123, payload: 65_536, envelope: 1_234, framing: 3_353, sent: 12_345 }
  const transport = { clients: 10_000, connectMs: spread, deliveryMs: spread, bytesPerMessage: bytes }
  const many = 10_000_000_000
  const worst: Result = {
    type: 'bench',
    ok: false,
    interrupted: true,
    url: 'http://127.0.0.1:9/wire',
    seed: 2 ** 32 - 1,
    clients: { asked: 10_000, connected: 5_000, away: 2_500 },
    messages: {
      asked: many + 1,
      published: many,
      acknowledged: many,
      acknowledgedMs: spread,
      refused: many,
      unknown: many,
      expected: many,
      delivered: many,
      lost: many,
      told: many,
      away: many,
      doubled: many,
      disordered: many,
      gaps: many,
    },
    transports: { websocket: transport, sse: transport, poll: { ...transport, bytesPerMessage: null } },
    reconnects: { cut: many, ended: many, recoveredMs: spread, recovered: many, caughtUp: many },
    server: {
      name: 'node (pid 4194303)',
      memoryBytes: { before: 1e11, most: 1e12 },
      cpuSeconds: 1e5,
      cpuShare: 64,
    },
    bench: { threads: 129, busy: 1, delayP99Ms: 12_345, machineBusy: 1 },
    warnings: ['word '.repeat(50).trim()],
  }

  test('fits 80 columns, whatever it has to say', () => {
    const lines = tableOf(worst, (_, text) => text).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    for (const label of [
      'published',
      'refused',
      'unanswered',
      'owed',
      'lost',
      'gaps told',
      'sse',
      'server',
      'warning:',
    ])
      expect(lines.some((line) => line.startsWith(label))).toBe(true)
  })
})

describe('a gap', () => {
  const gap = { after: '5-aaaaaaaaaaaa', id: '9-aaaaaaaaaaaa', reason: 'expired' }
  test.each([
    [gap, '5-aaaaaaaaaaaa', false],
    [gap, '6-aaaaaaaaaaaa', true],
    [gap, '9-aaaaaaaaaaaa', true],
    [gap, '10-aaaaaaaaaaaa', false],
    [{ ...gap, id: undefined }, '10-aaaaaaaaaaaa', true],
    [{ ...gap, reason: 'other-log', id: '2-bbbbbbbbbbbb' }, '7-aaaaaaaaaaaa', true],
    [{ ...gap, reason: 'other-log', id: '2-bbbbbbbbbbbb' }, '3-bbbbbbbbbbbb', false],
    [{ ...gap, reason: 'tail-unproved', id: '5-bbbbbbbbbbbb' }, '6-bbbbbbbbbbbb', false],
  ])('%j covers %s: %s', (told, id, covered) => {
    expect(covers(told, id)).toBe(covered)
  })
})

describe('what a server uses', patient, () => {
  test.skipIf(process.platform !== 'linux')('is seen in the process that listens at its URL', async () => {
    const { url } = await startServer()
    const pids = await listenersOf(new URL(url))
    expect(pids).toHaveLength(1)
    const usage = await (await processes(pids))?.usage()
    expect(usage?.memoryBytes).toBeGreaterThan(10 * 2 ** 20)
    expect(usage?.cpuSeconds).toBeGreaterThan(0)
  })

  test('is its own word where it cannot be seen', async () => {
    const page =
      '# TYPE x counter\nprocess_cpu_seconds_total 12.5\nprocess_resident_memory_bytes{a="b"} 1.5e+08\n'
    const server = createServer((request, response) =>
      request.url === '/metrics' ? response.end(page) : response.writeHead(404).end(),
    )
    const url = new URL(`http://127.0.0.1:${await listening(server)}/wire`)
    onTestFinished(() => void server.close())
    const watched = await metrics(url)
    expect(await watched?.usage()).toEqual({ memoryBytes: 1.5e8, cpuSeconds: 12.5 })
    expect(await listenersOf(new URL('http://192.0.2.1'))).toEqual([])
  })
})
