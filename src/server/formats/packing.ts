import { gzipHead, gzipPiece, GzipSum, joinPieces, wrapped } from './gzip.ts'

/** How the text of an event stream becomes bytes on the wire: framed as HTTP/1.1 chunks or not, compressed or not. */
export interface Packing {
  readonly framing: 'plain' | 'chunked'
  readonly encoding: 'identity' | 'gzip'
  pack(text: string): Uint8Array
  join(parts: readonly Uint8Array[]): Uint8Array
}

/** Opens and closes one connection's stream. */
export interface StreamEnds {
  /** Goes before everything else; may be empty. */
  readonly head: Uint8Array
  sent(bytes: Uint8Array): void
  tail(): Uint8Array
}

const empty = new Uint8Array(0)

export const packings: Readonly<Record<Packing['encoding'], Readonly<Record<Packing['framing'], Packing>>>> =
  {
    identity: {
      plain: { framing: 'plain', encoding: 'identity', pack: (text) => Buffer.from(text), join: concat },
      chunked: { framing: 'chunked', encoding: 'identity', pack: chunkOfText, join: concat },
    },
    gzip: {
      plain: {
        framing: 'plain',
        encoding: 'gzip',
        pack: (text) => gzipPiece(Buffer.from(text)),
        join: joinPieces,
      },
      chunked: {
        framing: 'chunked',
        encoding: 'gzip',
        pack(text) {
          const piece = gzipPiece(Buffer.from(text))
          return wrapped(piece, chunkOf(piece))
        },
        join: joinPieces,
      },
    },
  }

/** A connection's own ends for streams of this packing. */
export function streamEnds({ encoding, framing }: Packing): StreamEnds {
  if (encoding === 'identity') return plainEnds
  const framed = framing === 'chunked' ? chunkOf : (bytes: Uint8Array) => bytes
  const sum = new GzipSum()
  return { head: framed(gzipHead), sent: (bytes) => sum.add(bytes), tail: () => framed(sum.trailer()) }
}

const plainEnds: StreamEnds = { head: empty, sent() {}, tail: () => empty }

// RFC 9112, 7.1.
function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

function chunkOfText(text: string): Uint8Array {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
