import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownEcho, type Echo } from '../support/echo.ts'
import { chopped, closing, dialogue, encoded, opcodes, said, type Sent } from '../support/frames.ts'

// The cases of the Autobahn test suite, by its numbers, over real sockets, against an echo. Every case ends: by the close
// frame that is sent last, or by the server's, whose code says what was wrong.

const { text: t, binary: b, ping, pong, continuation } = opcodes
const largest = 16 * 1024 * 1024

let echo: Echo
beforeAll(async () => {
  echo = await ownEcho({ messageBytes: largest, unsentBytes: 4 * largest, fragments: 300_000 })
})
afterAll(() => echo.close())

const text = (body: string | Uint8Array, fin = true): Sent => ({ opcode: t, body, fin })
const binary = (body: string | Uint8Array, fin = true): Sent => ({ opcode: b, body, fin })
const more = (body: string | Uint8Array, fin = true): Sent => ({ opcode: continuation, body, fin })
const pinged = (body: string | Uint8Array = ''): Sent => ({ opcode: ping, body })
const bye = closing(1000)

interface Case {
  readonly id: string
  readonly send: readonly Sent[]
  readonly say: readonly string[]
  /** Bytes of a piece; absent: all at once. */
  readonly chop?: number
}

async function told({ send, chop }: Pick<Case, 'send' | 'chop'>): Promise<readonly string[]> {
  const bytes = Buffer.concat(send.map(encoded))
  return said(await dialogue(echo.port, chop === undefined ? [bytes] : chopped(bytes, chop)))
}

const fine = 'close:1000'
const wrong = 'close:1002'
const notUtf8 = 'close:1007'

const sizes = [0, 125, 126, 127, 128, 65_535, 65_536]
const hex = (count: number) => 'fe'.repeat(count)

describe('1 framing', () => {
  test.each<Case>([
    ...sizes.map((size, i) => ({
      id: `1.1.${i + 1} text of ${size}`,
      send: [text('*'.repeat(size)), bye],
      say: [`text:${'*'.repeat(size)}`, fine],
    })),
    {
      id: '1.1.8 text of 65536 in pieces of 997',
      send: [text('*'.repeat(65_536)), bye],
      say: [`text:${'*'.repeat(65_536)}`, fine],
      chop: 997,
    },
    ...sizes.map((size, i) => ({
      id: `1.2.${i + 1} binary of ${size}`,
      send: [binary(Buffer.alloc(size, 0xfe)), bye],
      say: [`binary:${hex(size)}`, fine],
    })),
    {
      id: '1.2.8 binary of 65536 in pieces of 997',
      send: [binary(Buffer.alloc(65_536, 0xfe)), bye],
      say: [`binary:${hex(65_536)}`, fine],
      chop: 997,
    },
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

describe('2 pings and pongs', () => {
  const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`)
  const pongs = ten.map((body) => `pong:${body}`)
  const strange = '\x00\xff\xfe\xfd\xfc\xfb\x00\xff'
  test.each<Case>([
    { id: '2.1 an empty ping', send: [pinged(), bye], say: ['pong:', fine] },
    { id: '2.2 a ping with a body', send: [pinged('Hello'), bye], say: ['pong:Hello', fine] },
    {
      id: '2.3 a body that is no text',
      send: [pinged(Buffer.from(strange, 'latin1')), bye],
      say: [`pong:${strange}`, fine],
    },
    { id: '2.4 125 bytes', send: [pinged('*'.repeat(125)), bye], say: [`pong:${'*'.repeat(125)}`, fine] },
    { id: '2.5 126 bytes', send: [pinged('*'.repeat(126))], say: [wrong] },
    {
      id: '2.6 125 bytes, one by one',
      send: [pinged('*'.repeat(125)), bye],
      say: [`pong:${'*'.repeat(125)}`, fine],
      chop: 1,
    },
    { id: '2.7 an unasked pong', send: [{ opcode: pong }, bye], say: [fine] },
    { id: '2.8 an unasked pong with a body', send: [{ opcode: pong, body: 'x' }, bye], say: [fine] },
    {
      id: '2.9 an unasked pong, then a ping',
      send: [{ opcode: pong, body: 'x' }, pinged('y'), bye],
      say: ['pong:y', fine],
    },
    { id: '2.10 ten pings', send: [...ten.map(pinged), bye], say: [...pongs, fine] },
    { id: '2.11 ten pings, byte by byte', send: [...ten.map(pinged), bye], say: [...pongs, fine], chop: 1 },
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

describe('3 reserved bits', () => {
  const hello = text('Hello')
  const echoed = 'text:Hello'
  test.each<Case>([
    { id: '3.1 1 on text', send: [{ ...hello, rsv: 1 }], say: [wrong] },
    { id: '3.2 2 on the second', send: [hello, { ...hello, rsv: 2 }, pinged()], say: [echoed, wrong] },
    { id: '3.3 3, chopped', send: [hello, { ...hello, rsv: 3 }, pinged()], say: [echoed, wrong], chop: 3 },
    {
      id: '3.4 4, byte by byte',
      send: [hello, { ...hello, rsv: 4 }, pinged()],
      say: [echoed, wrong],
      chop: 1,
    },
    { id: '3.5 5 on binary', send: [{ ...binary('Hello'), rsv: 5 }], say: [wrong] },
    { id: '3.6 6 on a ping', send: [{ ...pinged('Hello'), rsv: 6 }], say: [wrong] },
    { id: '3.7 7 on a close', send: [{ ...bye, rsv: 7 }], say: [wrong] },
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

describe('4 reserved opcodes', () => {
  test.each<Case>([
    ...[3, 4, 5, 6, 7].flatMap((opcode, i) => [
      { id: `4.1.${i + 1} ${opcode}`, send: [text('a'), { opcode, body: 'x' }], say: ['text:a', wrong] },
      { id: `4.1.${i + 1} ${opcode}, empty`, send: [{ opcode }], say: [wrong], chop: 1 },
    ]),
    ...[11, 12, 13, 14, 15].flatMap((opcode, i) => [
      { id: `4.2.${i + 1} ${opcode}`, send: [text('a'), { opcode, body: 'x' }], say: ['text:a', wrong] },
      { id: `4.2.${i + 1} ${opcode}, empty`, send: [{ opcode }], say: [wrong], chop: 1 },
    ]),
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

describe('5 fragments', () => {
  const two = [text('frag1', false), more('frag2')]
  const five = [
    text('1', false),
    more('2', false),
    pinged('a'),
    more('3', false),
    more('4', false),
    pinged('b'),
    more('5'),
  ]
  const between = [text('frag1', false), pinged('p'), more('frag2')]
  const inPieces = (id: string, send: readonly Sent[], say: readonly string[]): readonly Case[] =>
    [undefined, 1, 3].map((chop) => ({
      id: `${id}${chop ? ` in pieces of ${chop}` : ''}`,
      send,
      say,
      ...(chop ? { chop } : {}),
    }))
  test.each<Case>([
    { id: '5.1 a ping', send: [{ ...pinged('a'), fin: false }, more('b')], say: [wrong] },
    { id: '5.2 a pong', send: [{ opcode: pong, fin: false }, more('b')], say: [wrong] },
    ...inPieces('5.3 to 5.5 text', [...two, bye], ['text:frag1frag2', fine]),
    ...inPieces('5.6 to 5.8 a ping between', [...between, bye], ['pong:p', 'text:frag1frag2', fine]),
    ...inPieces('5.9 to 5.11 nothing to go on with', [more('x'), text('y')], [wrong]),
    ...inPieces('5.12 to 5.14 nothing, and not the last', [more('x', false), text('y')], [wrong]),
    {
      id: '5.15 after the last',
      send: [...two, more('x', false), text('y')],
      say: ['text:frag1frag2', wrong],
    },
    { id: '5.16 twice', send: [more('x', false), text('y', false), more('z')], say: [wrong] },
    { id: '5.17 twice, ended', send: [more('x'), text('y', false), more('z')], say: [wrong] },
    { id: '5.18 text within text', send: [text('x', false), text('y')], say: [wrong] },
    { id: '5.18 binary within text', send: [text('x', false), binary('y', false)], say: [wrong] },
    ...inPieces('5.19 and 5.20 pings between five', [...five, bye], ['pong:a', 'pong:b', 'text:12345', fine]),
    {
      id: '5 a message of nothing in three',
      send: [text('', false), more('', false), more(''), bye],
      say: ['text:', fine],
    },
    { id: '5 closed within a message', send: [text('x', false), bye], say: [fine] },
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

const cosmic = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex')
const greek = 'Hello-µ@ßöäüàá-UTF-8!!'

/** Sequences of Markus Kuhn's stress test and of Autobahn's 6.5 to 6.23. */
const valid = [
  '68656c6c6f24776f726c64',
  '68656c6c6fc2a2776f726c64',
  '68656c6c6fe282ac776f726c64',
  '68656c6c6ff0a4ada2776f726c64',
  'cebae1bdb9cf83cebcceb5',
  '00',
  'c280',
  'e0a080',
  'f0908080',
  '7f',
  'dfbf',
  'efbfbf',
  'f48fbfbf',
  'ed9fbf',
  'ee8080',
  'efbfbd',
  'efbfbe',
  'efb790',
  'f09fbfbe',
  'f0afbfbf',
  'e2819fe281a0',
]
const invalid = [
  'cebae1bdb9cf83cebcceb5eda080656469746564',
  'ce',
  'e1',
  'e1bd',
  'cebae1',
  'f888808080',
  'fc8480808080',
  'f7bfbfbf',
  'fbbfbfbfbf',
  'fdbfbfbfbfbf',
  'f4908080',
  '80',
  'bf',
  '80bf',
  '80bf80',
  '80bf80bf80bf',
  'c020c120',
  'e020',
  'f020',
  'f820',
  'fc20',
  'c0',
  'e080',
  'f08080',
  'f8808080',
  'fc80808080',
  'df',
  'efbf',
  'f7bfbf',
  'fbbfbfbf',
  'fdbfbfbfbf',
  'fe',
  'ff',
  'fefeffff',
  'c0af',
  'e080af',
  'f08080af',
  'f8808080af',
  'fc80808080af',
  'c1bf',
  'e09fbf',
  'f08fbfbf',
  'f887bfbfbf',
  'fc83bfbfbfbf',
  'c080',
  'e08080',
  'f0808080',
  'eda080',
  'edadbf',
  'edae80',
  'edafbf',
  'edb080',
  'edbfbf',
  'eda080edb080',
  'edafbfedbfbf',
]

describe('6 UTF-8', () => {
  const halves = (body: Uint8Array, at: number) => [
    text(body.subarray(0, at), false),
    more(body.subarray(at)),
  ]
  const bytes = Buffer.from(greek)
  const octets = (body: Uint8Array) => [
    text('', false),
    ...Array.from(body, (byte) => more(Buffer.of(byte), false)),
    more(''),
  ]
  test.each<Case>([
    { id: '6.1.1 nothing', send: [text(''), bye], say: ['text:', fine] },
    {
      id: '6.1.2 nothing in three',
      send: [text('', false), more('', false), more(''), bye],
      say: ['text:', fine],
    },
    {
      id: '6.1.3 something between',
      send: [text('', false), more('x', false), more(''), bye],
      say: ['text:x', fine],
    },
    { id: '6.2.1 whole', send: [text(greek), bye], say: [`text:${greek}`, fine] },
    { id: '6.2.2 cut between characters', send: [...halves(bytes, 12), bye], say: [`text:${greek}`, fine] },
    { id: '6.2.3 a byte a frame', send: [...octets(bytes), bye], say: [`text:${greek}`, fine] },
    {
      id: '6.2.4 of many bytes, a byte a frame',
      send: [...octets(Buffer.from('κόσμε')), bye],
      say: ['text:κόσμε', fine],
    },
    { id: '6.2 cut within a character', send: [...halves(bytes, 7), bye], say: [`text:${greek}`, fine] },
    { id: '6.3.1 wrong', send: [text(cosmic)], say: [notUtf8] },
    { id: '6.3.2 wrong, a byte a frame', send: octets(cosmic), say: [notUtf8] },
    {
      id: '6.4.1 wrong in the second of three',
      send: [text('κόσμε', false), more(Buffer.of(0xf4, 0x90, 0x80, 0x80), false), more('edited')],
      say: [notUtf8],
    },
    {
      id: '6.4.3 wrong, in pieces',
      send: [text(Buffer.concat([Buffer.from('κόσμε'), Buffer.of(0xf4, 0x90, 0x80, 0x80)]))],
      say: [notUtf8],
      chop: 2,
    },
    ...valid.map((each) => ({
      id: `6.5 to 6.23 right: ${each}`,
      send: [text(Buffer.from(each, 'hex')), bye],
      say: [`text:${Buffer.from(each, 'hex').toString()}`, fine],
    })),
    ...invalid.map((each) => ({
      id: `6.5 to 6.23 wrong: ${each}`,
      send: [text(Buffer.from(each, 'hex'))],
      say: [notUtf8],
    })),
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))
})

describe('7 closing', () => {
  const codes = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ]
  const never = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]
  test.each<Case>([
    { id: '7.1.1 after a message', send: [text('Hello'), bye], say: ['text:Hello', fine] },
    { id: '7.1.2 twice', send: [bye, bye], say: [fine] },
    { id: '7.1.3 a ping afterwards', send: [bye, pinged()], say: [fine] },
    { id: '7.1.4 text afterwards', send: [bye, text('late')], say: [fine] },
    { id: '7.1.5 within a message', send: [text('x', false), bye, more('y')], say: [fine] },
    {
      id: '7.1.6 after 256 KiB',
      send: [text('*'.repeat(262_144)), text('Hello'), bye, pinged()],
      say: [`text:${'*'.repeat(262_144)}`, 'text:Hello', fine],
    },
    { id: '7.3.1 without a body', send: [closing()], say: ['close:'] },
    { id: '7.3.2 a body of one byte', send: [{ opcode: opcodes.close, body: 'a' }], say: [wrong] },
    { id: '7.3.3 a code', send: [bye], say: [fine] },
    { id: '7.3.4 a code and a reason', send: [closing(1000, 'Hello World!')], say: [fine] },
    { id: '7.3.5 the longest reason', send: [closing(1000, '*'.repeat(123))], say: [fine] },
    { id: '7.3.6 longer', send: [closing(1000, '*'.repeat(124))], say: [wrong] },
    { id: '7.5.1 a reason that is no UTF-8', send: [closing(1000, cosmic)], say: [notUtf8] },
    ...codes.map((code) => ({ id: `7.7 ${code}`, send: [closing(code)], say: [`close:${code}`] })),
    ...never.map((code) => ({ id: `7.9 and 7.13 ${code}`, send: [closing(code)], say: [wrong] })),
    { id: '7 not masked', send: [{ ...text('x'), mask: undefined }], say: [wrong] },
  ])('$id', async (each) => expect(await told(each)).toEqual(each.say))

  test('the reason comes back with the code', async () => {
    const answer = await dialogue(echo.port, [encoded(closing(4_321, 'Grüße'))])
    expect(answer.subarray(4).toString()).toBe('Grüße')
  })
})

describe('9 large messages, 10 many fragments', () => {
  const kinds = [
    { name: 'text', opcode: t, byte: 0x2a },
    { name: 'binary', opcode: b, byte: 0xfe },
  ]
  const table = kinds.flatMap(({ name, opcode, byte }) => [
    ...[65_536, 262_144, 1_048_576, 4_194_304, 8_388_608, largest].map((size) => ({
      id: `9.1 and 9.2 ${name} of ${size}`,
      opcode,
      byte,
      size,
      fragment: size,
      chop: size + 14,
    })),
    ...[64, 256, 1_024, 4_096, 65_536, 1_048_576].map((fragment) => ({
      id: `9.3 and 9.4 ${name} of 1 MiB in fragments of ${fragment}`,
      opcode,
      byte,
      size: 1_048_576,
      fragment,
      chop: 1_048_576,
    })),
    ...[64, 512, 2_048].map((chop) => ({
      id: `9.5 and 9.6 ${name} of 64 KiB in pieces of ${chop}`,
      opcode,
      byte,
      size: 65_536,
      fragment: 65_536,
      chop,
    })),
    {
      id: `10.1.1 ${name} of 65536 in fragments of 1300`,
      opcode,
      byte,
      size: 65_536,
      fragment: 1_300,
      chop: 65_536,
    },
  ])
  test.each(table)('$id', async ({ opcode, byte, size, fragment, chop }) => {
    const body = Buffer.alloc(size, byte)
    const frames: Buffer[] = []
    for (let at = 0; at < size; at += fragment) {
      frames.push(
        encoded({
          opcode: at === 0 ? opcode : continuation,
          body: body.subarray(at, at + fragment),
          fin: at + fragment >= size,
          mask: [1, 2, 3, 4],
        }),
      )
    }
    const all = Buffer.concat([...frames, encoded(bye)])
    const answer = await dialogue(echo.port, chopped(all, chop))
    // The head of the echo has 10 bytes, the close frame 4; compared as bytes, as a message of 16 MiB is slow to print.
    expect(answer.length).toBe(size + 14)
    expect(answer.subarray(10, -4).equals(body)).toBe(true)
    expect(said(answer.subarray(-4))).toEqual([fine])
  })
})
