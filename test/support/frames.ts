import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

/** A frame of a client; what is not said is as RFC 6455 wants it. */
export interface Sent {
  readonly opcode: number
  readonly body?: Uint8Array | string
  readonly fin?: boolean
  /** The three reserved bits. */
  readonly rsv?: number
  /** Undefined: not masked. */
  readonly mask?: readonly [number, number, number, number] | undefined
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export function encoded(frame: Sent): Buffer {
  const { opcode, fin = true, rsv = 0 } = frame
  const mask = 'mask' in frame ? frame.mask : ([0x37, 0xfa, 0x21, 0x3d] as const)
  const body = Buffer.from(frame.body ?? '')
  const { length } = body
  const size = length < 126 ? length : length < 65_536 ? 126 : 127
  const extended = Buffer.alloc(size === 126 ? 2 : size === 127 ? 8 : 0)
  if (size === 126) extended.writeUInt16BE(length)
  if (size === 127) extended.writeBigUInt64BE(BigInt(length))
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, (mask ? 0x80 : 0) | size]
  if (mask) for (let i = 0; i < length; i++) body[i] = (body[i] ?? 0) ^ (mask[i % 4] ?? 0)
  return Buffer.concat([Buffer.from(head), extended, Buffer.from(mask ?? []), body])
}

export function closing(code?: number, reason: string | Uint8Array = ''): Sent {
  if (code === undefined) return { opcode: opcodes.close }
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return { opcode: opcodes.close, body: Buffer.concat([head, Buffer.from(reason)]) }
}

/** What a server said: `text:…`, `binary:…` (hex), `ping:…`, `pong:…`, `close:code` or `close:`. */
export function said(bytes: Buffer): readonly string[] {
  const frames: string[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0
    const size = bytes[at + 1] ?? 0
    if (size > 127) throw new Error('a server must not mask its frames')
    const head = size === 126 ? 4 : size === 127 ? 10 : 2
    const length =
      size === 126 ? bytes.readUInt16BE(at + 2) : size === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : size
    const body = bytes.subarray(at + head, at + head + length)
    if (body.length < length) throw new Error('the last frame is not whole')
    if ((first & 0xf0) !== 0x80) throw new Error(`a frame begins with ${first.toString(16)}`)
    frames.push(frameText(first & 0x0f, body))
    at += head + length
  }
  return frames
}

function frameText(opcode: number, body: Buffer): string {
  switch (opcode) {
    case opcodes.text:
      return `text:${body.toString()}`
    case opcodes.binary:
      return `binary:${body.toString('hex')}`
    case opcodes.close:
      return `close:${body.length >= 2 ? body.readUInt16BE(0) : ''}`
    case opcodes.ping:
      return `ping:${body.toString('latin1')}`
    case opcodes.pong:
      return `pong:${body.toString('latin1')}`
    default:
      throw new Error(`opcode ${opcode}`)
  }
}

const handshake =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'

/**
 * What a server says to these bytes until it ends the connection, each piece of them sent by itself. `fields`: more of
 * the handshake. Rejected when there is no handshake.
 */
export async function dialogue(port: number, pieces: Iterable<Uint8Array>, fields = ''): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  const chunks: Buffer[] = []
  const over = new Promise<void>((resolve) => {
    socket
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => socket.end())
      .on('error', () => {})
      .on('close', () => resolve())
  })
  socket.write(`${handshake}${fields}\r\n`)
  for (const piece of pieces) {
    if (socket.destroyed) break
    socket.write(piece)
    await turn()
  }
  await over
  const all = Buffer.concat(chunks)
  const end = all.indexOf('\r\n\r\n')
  if (!all.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101 ')) {
    throw new Error(`no handshake: ${all.toString('latin1').slice(0, 200)}`)
  }
  return all.subarray(end + 4)
}

/** The bytes in pieces of at most `size`. */
export function* chopped(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
