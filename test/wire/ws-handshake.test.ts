import { deflateRawSync, constants } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { acceptHandshake, firstProtocol } from '../../src/node/websocket/handshake.ts'
import { ownEcho } from '../support/echo.ts'
import { chopped, closing, dialogue, encoded, opcodes, said } from '../support/frames.ts'
import { openWire, RawClient } from '../support/wire.ts'

const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
const agreed = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

test('the answer of RFC 6455, 1.3', () => {
  const { head, deflate } = acceptHandshake({ ...key, 'sec-websocket-protocol': 'chat, superchat' }, false)
  expect(head.toString()).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n',
  )
  expect(deflate).toBe(false)
})

describe('extensions', () => {
  test.each([
    ['permessage-deflate', agreed],
    ['permessage-deflate; client_max_window_bits', agreed],
    ['permessage-deflate;client_max_window_bits="10" ; server_no_context_takeover', agreed],
    ['permessage-deflate; server_max_window_bits=15', `${agreed}; server_max_window_bits=15`],
    ['permessage-deflate; server_max_window_bits=10, permessage-deflate', agreed],
    ['x-webkit-deflate-frame, permessage-deflate', agreed],
    ['permessage-deflate; server_max_window_bits=10', undefined],
    ['permessage-deflate; server_max_window_bits', undefined],
    ['permessage-deflate; client_max_window_bits=7', undefined],
    ['permessage-deflate; client_max_window_bits=16', undefined],
    ['permessage-deflate; server_no_context_takeover=1', undefined],
    ['permessage-deflate; unknown', undefined],
    ['permessage-deflate; constructor', undefined],
    ['permessage-deflate; client_max_window_bits; client_max_window_bits', undefined],
    ['deflate', undefined],
  ])('%s is answered %s', (offer, answer) => {
    const { head, deflate } = acceptHandshake({ ...key, 'sec-websocket-extensions': offer }, true)
    expect(deflate).toBe(answer !== undefined)
    const [, found] = /Sec-WebSocket-Extensions: (.*)\r\n/.exec(head.toString()) ?? []
    expect(found).toBe(answer)
  })

  test.each([',', 'permessage-deflate;', 'a b', 'a; b=', 'a; b="c', 'permessage-deflate,', '"a"'])(
    '%s is refused',
    (offer) => {
      const headers = { ...key, 'sec-websocket-extensions': offer }
      expect(() => acceptHandshake(headers, true)).toThrow(/RFC 6455, 9.1/)
      // Who agrees on none does not care.
      expect(acceptHandshake(headers, false).deflate).toBe(false)
    },
  )
})

describe('subprotocols', () => {
  test.each(['', ',', 'a,', 'a, a', 'a b', 'a;b', '"a"', 'ä'])('"%s" is refused', (field) => {
    expect(() => firstProtocol({ 'sec-websocket-protocol': field })).toThrow(/different tokens/)
  })

  test('a list that is refused is answered with 400, and the connection ends', async () => {
    const { port, wire } = await openWire()
    const raw = new RawClient(port)
    raw.upgrade('/wire/ws', { 'Sec-WebSocket-Protocol': 'a, a' })
    const answer = await raw.until('bad-message')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    await raw.chunks.find(() => false).catch(() => {})
    expect(await wire.stats()).toMatchObject({ connections: 0, refused: { 'bad-message': 1 } })
  })
})

test('an upgrade to something else is told what belongs here', async () => {
  const { port } = await openWire()
  const raw = new RawClient(port)
  raw.upgrade('/wire/ws', { Upgrade: 'h2c' })
  expect(await raw.until('upgrade-required')).toMatch(/^HTTP\/1\.1 426 /)
})

test('frames that leave with the handshake are read', async () => {
  const echo = await ownEcho()
  onTestFinished(() => echo.close())
  const raw = new RawClient(echo.port)
  const head = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  const fields = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  const frames = [{ opcode: opcodes.text, body: 'early' }, closing(1000)].map(encoded)
  raw.socket.write(Buffer.concat([Buffer.from(head + fields), ...frames]))
  expect(await raw.until('early\x88\x02\x03\xe8')).toContain('\x81\x05early')
})

test('what comes after the server has closed is not heard, until the peer closes too', async () => {
  const heard: unknown[] = []
  const echo = await ownEcho({}, false, (link, data) => {
    heard.push(data)
    link.close(4_000, 'enough')
  })
  onTestFinished(() => echo.close())
  const frames = [
    { opcode: opcodes.text, body: 'first' },
    { opcode: opcodes.text, body: 'second' },
    closing(4_000),
  ]
  expect(said(await dialogue(echo.port, frames.map(encoded)))).toEqual(['close:4000'])
  expect(heard).toEqual(['first'])
})

describe('compressed messages of a client', () => {
  const extension = 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
  const packed = (data: string | Buffer) =>
    deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const told = async (...frames: Parameters<typeof encoded>[0][]) => {
    const echo = await ownEcho({ messageBytes: 10_000 }, true)
    onTestFinished(() => echo.close())
    return said(await dialogue(echo.port, frames.map(encoded), extension))
  }

  test('whole, in fragments, beside plain ones, and ended by a last block', async () => {
    const long = 'abc'.repeat(1_000)
    const bytes = packed(long)
    expect(
      await told(
        { opcode: opcodes.text, body: bytes, rsv: 4 },
        { opcode: opcodes.text, body: bytes.subarray(0, 5), rsv: 4, fin: false },
        { opcode: opcodes.ping, body: 'p' },
        { opcode: opcodes.continuation, body: bytes.subarray(5) },
        { opcode: opcodes.text, body: 'plain' },
        // RFC 7692, 7.2.3.5.
        { opcode: opcodes.text, body: Buffer.concat([deflateRawSync('last'), Buffer.of(0)]), rsv: 4 },
        { opcode: opcodes.text, body: Buffer.of(0), rsv: 4 },
        closing(1000),
      ),
    ).toEqual([`text:${long}`, 'pong:p', `text:${long}`, 'text:plain', 'text:last', 'text:', 'close:1000'])
  })

  test.each([
    ['no deflate at all', { opcode: opcodes.text, body: Buffer.alloc(8, 0xff), rsv: 4 }, 'close:1007'],
    ['not UTF-8', { opcode: opcodes.text, body: packed(Buffer.of(0xff)), rsv: 4 }, 'close:1007'],
    ['a bomb', { opcode: opcodes.text, body: packed('x'.repeat(10_000_000)), rsv: 4 }, 'close:1009'],
    ['a second bit', { opcode: opcodes.text, body: packed('x'), rsv: 6 }, 'close:1002'],
    ['a compressed ping', { opcode: opcodes.ping, body: packed('x'), rsv: 4 }, 'close:1002'],
  ])('%s ends the connection', async (_name, frame, answer) => {
    expect(await told(frame)).toEqual([answer])
  })

  test('a continuation must not say it again', async () => {
    const frames = [
      { opcode: opcodes.text, body: 'x', fin: false },
      { opcode: opcodes.continuation, body: 'y', rsv: 4 },
    ]
    expect(await told(...frames)).toEqual(['close:1002'])
  })
})

test('C38 noise ends its own connection and no other, at once or byte by byte', async () => {
  const echo = await ownEcho({ messageBytes: 1_000 })
  onTestFinished(() => echo.close())
  const noise = Array.from({ length: 40 }, () => randomBytes(300))
  await Promise.all(
    noise.map(async (bytes, i) => {
      // Noise may announce more than it has: then it ends with its peer.
      const raw = new RawClient(echo.port)
      raw.upgrade('/')
      await raw.until('\r\n\r\n')
      for (const piece of chopped(bytes, i % 2 === 0 ? 300 : 1)) raw.socket.write(piece)
      raw.socket.end()
      await raw.chunks.find(() => false).catch(() => {})
    }),
  )
  const frames = [{ opcode: opcodes.text, body: 'still here' }, closing(1000)].map(encoded)
  expect(said(await dialogue(echo.port, frames))).toEqual(['text:still here', 'close:1000'])
  await expect.poll(echo.open).toBe(0)
})

test('C38 who never ends a frame is ended after two heartbeats', async () => {
  const { port, wire } = await openWire({ heartbeatMs: 60 })
  const raw = new RawClient(port)
  raw.upgrade()
  await raw.until('welcome')
  // 60,000 bytes are announced and three come.
  raw.socket.write(encoded({ opcode: opcodes.text, body: 'x'.repeat(60_000) }).subarray(0, 11))
  await raw.chunks.find(() => false).catch(() => {})
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 0 })
})
