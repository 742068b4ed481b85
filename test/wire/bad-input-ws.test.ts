import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codes } from '../../src/protocol/codes.ts'
import { Client, clientFrame, RawClient, type Said } from '../support/wire.ts'
import { start } from './start.ts'

const seed = Number(process.env['SEED'] ?? Date.now())
const epoch = 'aaaaaaaaaaaa'

/** Positions of every kind: of this log or another, torn, negative, huge, with floors and marks that make no sense. */
const seq = fc.oneof(
  fc.nat(20).map(String),
  fc.constantFrom('9007199254740991', '9007199254740992', '99999999999999999', '-1', '01', '1.5', '1e3', ''),
)
const position = (current: string) =>
  fc
    .record({
      seq,
      epoch: fc.constantFrom(
        epoch,
        current,
        current,
        current,
        '',
        'AAAAAAAAAAAA',
        'a'.repeat(25),
        '__proto__',
      ),
      tail: fc.array(
        fc.tuple(
          fc.constantFrom('.', '~', ',', 's1.'),
          fc.constantFrom('0', '1', '127', '128', '999', '-1'),
          seq,
        ),
        { maxLength: 3 },
      ),
      shard: fc.constantFrom('', '', '', 's0.', 's99999.'),
    })
    .map(
      ({ seq, epoch, tail, shard }) =>
        `${shard}${seq}-${epoch}${tail.map(([mark, i, at]) => `${mark}${i}:${at}`).join('')}`,
    )

const text = fc.oneof(
  fc.constantFrom(
    'open/1',
    'open/2',
    'latest/1',
    'signals/1',
    'forbidden/1',
    '$presence/open/1',
    'open/*',
    '',
  ),
  fc.constantFrom('__proto__', 'constructor', 'a\u0000b', '\ud800', 'x'.repeat(300), '\u2028', ' ', '🐕'),
)
const value = fc.oneof(
  text,
  fc.constantFrom(null, true, 0, -1, 1e308, 5e-324, [], {}, [[]], '1', ['open/1']),
  fc.jsonValue({ maxDepth: 3 }),
)
const type = fc.constantFrom(
  'subscribe',
  'unsubscribe',
  'publish',
  'request',
  'presence',
  'ping',
  'nonsense',
  '__proto__',
)

/** Commands of which every field may be anything. */
function command(current: string) {
  const after = fc.oneof({ weight: 3, arbitrary: position(current) }, value)
  return fc
    .record(
      {
        type: fc.oneof({ weight: 9, arbitrary: type }, value),
        channel: fc.oneof({ weight: 2, arbitrary: text }, value),
        after,
        last: fc.oneof(fc.integer({ min: -2, max: 10_002 }), value),
        data: value,
        event: value,
        key: value,
        slot: value,
        removed: value,
        encoding: fc.oneof(fc.constant('base64'), value),
        action: fc.oneof(fc.constantFrom('enter', 'update', 'leave', 'gone'), value),
      },
      { requiredKeys: ['type', 'channel'] },
    )
    .map((fields) => fields as Readonly<Record<string, unknown>>)
}

/** Throws unless it is an error of the table that says what is wrong, and no fault of the server. */
function judge({ code, message }: Said): void {
  const known = Object.hasOwn(codes, String(code)) && code !== 'internal' && code !== 'handler-failed'
  if (!known || String(message).length < 10)
    throw new Error(`refused with ${String(code)}: ${String(message)}`)
}

test('C38 [4.2] [9.1] whatever is commanded is answered, by its code when it is refused, and the connection lives', async () => {
  const { url, wire, faults } = await start()
  wire.handle('open/*', 'x', () => null)
  for (let n = 0; n < 10; n++) await wire.publish('open/1', 'm', n)
  const current = (await wire.position()).split('-')[1] ?? ''
  await fc.assert(
    fc.asyncProperty(fc.array(command(current), { minLength: 1, maxLength: 20 }), async (commands) => {
      const client = await Client.open(`${url}/wire`)
      for (const [ref, each] of commands.entries()) client.say({ ...each, ref })
      const open = new Set(commands.keys())
      for (const [ref, each] of commands.entries()) if (each['type'] === 'ping') open.delete(ref)
      while (open.size > 0) {
        const said = await client.said.next()
        if (said.type === 'error') judge(said)
        if (typeof said['ref'] === 'number') open.delete(said['ref'])
      }
      client.webSocket.close()
      await client.closed
    }),
    { numRuns: 150, seed },
  )
  expect(faults.found, `SEED=${seed}`).toEqual([])
}, 60_000)

test('C38 [3.1] [9.1] no position makes a stream or a poll fail otherwise than by its code', async () => {
  const { url, wire, faults } = await start()
  for (let n = 0; n < 10; n++) await wire.publish('open/1', 'm', n)
  await wire.publish('latest/1', 'm', 1)
  const current = (await wire.position()).split('-')[1] ?? ''
  const channels = ['open/1', 'open/2', 'latest/1', 'signals/1']
  await fc.assert(
    fc.asyncProperty(position(current), fc.integer({ min: 1, max: 4 }), async (after, count) => {
      const query = new URLSearchParams([
        ...channels.slice(0, count).map((each) => ['channel', each]),
        ['after', after],
      ])
      const polled = await fetch(`${url}/wire/poll?wait=0&${query}`)
      const body = (await polled.json()) as { id?: string; error?: Said }
      if (body.error) judge(body.error)
      // What is refused begins anew; what is given back it can go on from, and gets nothing twice.
      expect([polled.status, body.error?.['code']]).toEqual(
        body.error ? [400, 'bad-position'] : [200, undefined],
      )
      query.set('after', body.id ?? 'now')
      const again = await fetch(`${url}/wire/poll?wait=0&${query}`)
      expect([again.status, await again.json()]).toMatchObject([200, { gaps: [] }])
      if (body.id === undefined) return
      query.set('after', body.id)
      const { messages } = (await (await fetch(`${url}/wire/poll?wait=0&${query}`)).json()) as {
        messages: unknown[]
      }
      if (messages.length > 0) throw new Error(`${after} is told ${messages.length} messages twice`)
    }),
    { numRuns: 300, seed },
  )
  expect(faults.found, `SEED=${seed}`).toEqual([])
}, 60_000)

describe('frames', () => {
  const payload = fc.oneof(
    fc.constantFrom(
      '{"type":"ping"}',
      '{"type":"subscribe","channel":"open/1"}',
      '',
      '{',
      '\u0000'.repeat(200),
    ),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  )
  const frame = fc
    .record({
      opcode: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1, 2, 8, 9, 10) }, fc.nat(15)),
      payload,
      fin: fc.boolean(),
      reserved: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(7)),
      masked: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, fc.boolean()),
      deflated: fc.boolean(),
      cut: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(20)),
    })
    .map(({ opcode, payload, fin, reserved, masked, deflated, cut }) => {
      const bytes = Buffer.from(payload, 'latin1')
      const whole = clientFrame(opcode, deflated ? deflateRawSync(bytes) : bytes, fin)
      whole[0] = (whole[0] ?? 0) | (reserved << 4) | (deflated ? 0x40 : 0)
      if (!masked) whole[1] = (whole[1] ?? 0) & 0x7f
      return whole.subarray(0, whole.length - cut)
    })

  test.each([false, true])(
    'C38 of every kind end at most their own connection; compression: %s',
    async (compression) => {
      const { url, port, faults } = await start({ compression })
      const headers: Record<string, string> = compression
        ? { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' }
        : {}
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 6 }), async (frames) => {
          const raw = new RawClient(port)
          raw.upgrade('/wire/ws', headers)
          await raw.until('"welcome"')
          for (const each of frames) raw.socket.write(each)
          // A close frame of its own: whatever came before, the connection is over soon.
          raw.socket.end(clientFrame(8, Buffer.of(0x03, 0xe8)))
          await new Promise((resolve) => raw.socket.once('close', resolve))
        }),
        { numRuns: 200, seed },
      )
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect(faults.found, `SEED=${seed}`).toEqual([])
    },
    60_000,
  )

  test('C38 a bomb that inflates past the limit ends its connection with 1009, and costs nobody else', async () => {
    const { url, port, faults } = await start({ compression: true })
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws', { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' })
    await raw.until('"welcome"')
    const bomb = clientFrame(1, deflateRawSync(Buffer.alloc(60_000_000, 0x20), { level: 9 }))
    bomb[0] = 0xc1
    raw.socket.write(bomb)
    expect(await raw.until('too-large')).toContain('too-large')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(faults.found).toEqual([])
  })

  test('C38 100,000 commands in one breath are all answered, in order, and others are served meanwhile', async () => {
    const { url } = await start()
    const client = await Client.open(`${url}/wire`)
    const count = 100_000
    for (let ref = 0; ref < count; ref++) client.say(`{"type":"unsubscribe","channel":"open/1","ref":${ref}}`)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const answers = await client.said.take(count)
    expect(answers.every(({ code }, n) => code === 'not-subscribed' && answers[n]?.['ref'] === n)).toBe(true)
  }, 60_000)
})
