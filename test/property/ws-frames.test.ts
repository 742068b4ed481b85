import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { FrameReader, type FrameLimits } from '../../src/node/websocket/reader.ts'
import { ownEcho, wsEcho } from '../support/echo.ts'
import { chopped, closing, dialogue, encoded, opcodes, said, type Sent } from '../support/frames.ts'

const seed = Number(process.env['SEED'] ?? Date.now())
const limits: FrameLimits = { bytes: 400, fragments: 5, deflate: false }
const { text, binary, continuation, ping, pong, close } = opcodes

const body = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x'.repeat(125), 'x'.repeat(126), 'x'.repeat(390), 'x'.repeat(420)),
  },
)
const mask = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
const whole = fc.record({ opcode: fc.constantFrom(text, binary, ping, pong), body, mask })
const fragments = fc
  .tuple(fc.constantFrom(text, binary), fc.array(body, { minLength: 1, maxLength: 4 }), fc.option(body), mask)
  .map(([opcode, bodies, between, mask]) =>
    bodies.flatMap((each, i): readonly Sent[] => [
      ...(between !== null && i === 1 ? [{ opcode: ping, body: between }] : []),
      { opcode: i === 0 ? opcode : continuation, body: each, fin: i === bodies.length - 1, mask },
    ]),
  )
const code = fc.oneof(fc.constantFrom(999, 1000, 1001, 1004, 1005, 1015, 3000, 4999, 5000), fc.nat(65_535))
const bad: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ opcode: fc.nat(15), body, rsv: fc.nat(7), fin: fc.boolean() }),
  fc.record({ opcode: fc.constant(text), body, mask: fc.constant(undefined) }),
  fc.tuple(code, body).map(([code, reason]) => closing(code, Buffer.from(reason))),
)
const story = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: whole.map((frame): readonly Sent[] => [frame]) },
      { weight: 4, arbitrary: fragments },
      { weight: 1, arbitrary: bad.map((frame): readonly Sent[] => [frame]) },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => Buffer.concat([...parts.flat(), closing(1000)].map(encoded)))

/** What a reader tells of bytes that come in these pieces. */
function heard(pieces: Iterable<Uint8Array>): readonly string[] {
  const told: string[] = []
  const reader = new FrameReader(limits, {
    message: (data) => told.push(typeof data === 'string' ? `text ${data}` : `binary ${hex(data)}`),
    ping: (data) => told.push(`ping ${hex(data)}`),
    closing: (data) => told.push(`closing ${hex(data)}`),
    broken: (code) => told.push(`broken ${code}`),
  })
  // A reader may change what it is given.
  for (const piece of pieces) reader.push(Buffer.from(piece))
  return told
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('frames cut at every byte say the same as whole ones', () => {
  fc.assert(
    fc.property(story, (bytes) => {
      const all = heard([bytes])
      expect(all.at(-1)).toMatch(/^(closing|broken)/)
      expect(heard(chopped(bytes, 1))).toEqual(all)
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(heard([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(all)
      }
    }),
    { numRuns: 60, seed },
  )
})

test('a server answers any frames as `ws` does', async () => {
  // What the two count is the same only with the limit of a message that ours is given.
  const own = await ownEcho({ messageBytes: 1_000, fragments: limits.fragments })
  const other = await wsEcho(1_000 * 1.4 + 4_096, limits.fragments)
  onTestFinished(() => {
    own.close()
    other.close()
  })
  await fc.assert(
    fc.asyncProperty(story, fc.integer({ min: 1, max: 400 }), async (bytes, chop) => {
      const [ours, theirs] = await Promise.all(
        [own, other].map(({ port }) => dialogue(port, chopped(bytes, chop))),
      )
      expect(said(ours ?? Buffer.of())).toEqual(said(theirs ?? Buffer.of()))
    }),
    { numRuns: 250, seed },
  )
  await expect.poll(own.open).toBe(0)
}, 60_000)

test('nothing of what is too long is kept, however it is announced', () => {
  const long = { opcode: text, body: 'x'.repeat(401) }
  const head = (frame: Sent) => encoded(frame).subarray(0, 4)
  expect(heard([head(long)])).toEqual(['broken 1009'])
  expect(
    heard([
      encoded({ ...long, body: 'x'.repeat(399), fin: false }),
      head({ opcode: continuation, body: 'xx' }),
    ]),
  ).toEqual(['broken 1009'])
  // 2^63 bytes, by a head that says so in eight.
  expect(heard([Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0])])).toEqual(['broken 1009'])
  expect(heard([encoded({ opcode: close, body: 'x'.repeat(126) }).subarray(0, 2)])).toEqual(['broken 1002'])
  const many = Array.from({ length: 6 }, (_, i) =>
    encoded({ opcode: i === 0 ? text : continuation, fin: false }),
  )
  expect(heard(many)).toEqual(['broken 1008'])
})

test('a ping within a message that is nearly full is no part of it', () => {
  const frames = [
    { opcode: text, body: 'x'.repeat(399), fin: false },
    { opcode: ping, body: 'still there' },
    { opcode: continuation, body: 'y' },
  ]
  expect(heard(frames.map(encoded))).toEqual([
    `ping ${hex(Buffer.from('still there'))}`,
    `text ${'x'.repeat(399)}y`,
  ])
})
