import { constants, crc32, deflateRawSync } from 'node:zlib'
import { crcAppend, crcShift } from './crc.ts'

/** The head of a gzip stream (RFC 1952): deflate, no name, no time, unknown system. */
export const gzipHead: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)

/** Below this a block is stored as it is. */
const deflateFromBytes = 128

/** What a piece of a gzip stream stands for. */
interface Stands {
  readonly crc: number
  readonly length: number
  readonly shift: number
}

// A piece is shared by all connections and outlives none of its readers, so what it stands for hangs on it weakly.
const pieces = new WeakMap<Uint8Array, Stands>()

/**
 * One piece of any gzip stream: deflate blocks that use nothing sent before and end on a byte (a sync flush), so that
 * the same bytes fit every connection and nothing is held back in a compressor.
 */
export function gzipPiece(bytes: Uint8Array): Uint8Array {
  const packed =
    bytes.length < deflateFromBytes
      ? stored(bytes)
      : deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, level: 4 })
  return standFor(packed, { crc: crc32(bytes), length: bytes.length, shift: crcShift(bytes.length) })
}

/** The same piece with other bytes around it (a chunk's frame). */
export function wrapped(piece: Uint8Array, whole: Uint8Array): Uint8Array {
  const stands = pieces.get(piece)
  return stands ? standFor(whole, stands) : whole
}

/** Several pieces as one. */
export function joinPieces(parts: readonly Uint8Array[]): Uint8Array {
  let crc = 0
  let length = 0
  for (const part of parts) {
    const stands = pieces.get(part)
    if (!stands) continue
    crc = crcAppend(crc, stands.crc, stands.shift)
    length += stands.length
  }
  return standFor(Buffer.concat(parts), { crc, length, shift: crcShift(length) })
}

/** What one connection remembers of its stream: 8 bytes, for a trailer that is right. */
export class GzipSum {
  #crc = 0
  #length = 0

  // Hot path: once per write per connection.
  add(piece: Uint8Array): void {
    const stands = pieces.get(piece)
    if (!stands) return
    this.#crc = crcAppend(this.#crc, stands.crc, stands.shift)
    this.#length = (this.#length + stands.length) >>> 0
  }

  /** The last, empty block and the trailer. */
  trailer(): Uint8Array {
    const end = Buffer.from([0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0])
    end.writeUInt32LE(this.#crc, 2)
    end.writeUInt32LE(this.#length, 6)
    return end
  }
}

function standFor(whole: Uint8Array, stands: Stands): Uint8Array {
  pieces.set(whole, stands)
  return whole
}

// RFC 1951, 3.2.4. Every piece begins on a byte.
function stored(bytes: Uint8Array): Uint8Array {
  const head = Uint8Array.of(0, bytes.length, 0, ~bytes.length & 0xff, 0xff)
  return Buffer.concat([head, bytes])
}
