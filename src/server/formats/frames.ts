import { constants, deflateRawSync } from 'node:zlib'

/** Below this, compressing costs more than it saves. */
const deflateFromBytes = 1_024

/** The first byte of a frame that is a whole message (RFC 6455, 5.2). */
const first = { text: 0x81, binary: 0x82, close: 0x88, ping: 0x89 } as const
const compressed = 0x40

/** An RFC 6455 text frame from a server: a whole message, unmasked. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const { frame, offset } = emptyFrame(first.text, length)
  frame.write(text, offset, 'utf8')
  return frame
}

/** A binary frame that holds these parts one after the other. */
export function binaryFrame(...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const { frame, offset } = emptyFrame(first.binary, length)
  let at = offset
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** A close frame (RFC 6455, 5.5.1); the reason has at most 123 bytes. Throws a RangeError for a code that must not be sent. */
export function closeFrame(code: number, reason: string): Buffer {
  if (!isCloseCode(code)) throw new RangeError(`${code} is no code for a close frame`)
  const length = 2 + Buffer.byteLength(reason)
  if (length > 125) throw new RangeError('the reason of a close frame has at most 123 bytes')
  const { frame, offset } = emptyFrame(first.close, length)
  frame.writeUInt16BE(code, offset)
  frame.write(reason, offset + 2, 'utf8')
  return frame
}

/** Codes that may stand in a close frame (RFC 6455, 7.4; 1012 to 1014 from IANA's registry). */
export function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999)
  )
}

/** Text frames with JSON that follow each other as one, whose text is an array; binary ones between them stay as they are. */
export function arrayFrames(frames: readonly Uint8Array[]): Buffer {
  const pieces: Uint8Array[] = []
  let texts: Uint8Array[] = []
  const endTexts = () => {
    pieces.push(...(texts.length > 1 ? [arrayFrame(texts)] : texts))
    texts = []
  }
  for (const frame of frames) {
    if (frame[0] === first.text) texts.push(frame)
    else {
      endTexts()
      pieces.push(frame)
    }
  }
  endTexts()
  return Buffer.concat(pieces)
}

function arrayFrame(texts: readonly Uint8Array[]): Buffer {
  const values = texts.map((frame) => frame.subarray(payloadOffset(frame)))
  const length = values.reduce((sum, value) => sum + value.length + 1, 1)
  const { frame, offset } = emptyFrame(first.text, length)
  let at = offset
  for (const value of values) {
    frame[at] = at === offset ? openBracket : comma
    frame.set(value, at + 1)
    at += value.length + 1
  }
  frame[at] = closeBracket
  return frame
}

const [openBracket, comma, closeBracket] = [0x5b, 0x2c, 0x5d] as const

/** A ping without data. */
export const pingFrame: Uint8Array = Uint8Array.of(first.ping, 0)

/**
 * The same message compressed by permessage-deflate (RFC 7692, 7.2.1) without context takeover, so that every client
 * that negotiated it can be sent the same bytes. The frame itself when it is small or does not shrink.
 */
export function deflateFrame(frame: Buffer): Buffer {
  const offset = payloadOffset(frame)
  if (frame.length - offset < deflateFromBytes) return frame
  const whole = deflateRawSync(frame.subarray(offset), { finishFlush: constants.Z_SYNC_FLUSH, level: 4 })
  // The empty block at the end (00 00 ff ff) is put back by the receiver.
  const payload = whole.subarray(0, -4)
  if (payload.length >= frame.length - offset) return frame
  const packed = emptyFrame((frame[0] ?? 0) | compressed, payload.length)
  packed.frame.set(payload, packed.offset)
  return packed.frame
}

function emptyFrame(firstByte: number, length: number): { readonly frame: Buffer; readonly offset: number } {
  const offset = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(offset + length)
  frame[0] = firstByte
  if (offset === 2) frame[1] = length
  else if (offset === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  return { frame, offset }
}

function payloadOffset(frame: Uint8Array): number {
  const length = frame[1] ?? 0
  return length < 126 ? 2 : length === 126 ? 4 : 10
}
