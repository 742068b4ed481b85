import { isUtf8 } from 'node:buffer'
import { constants, inflateRawSync } from 'node:zlib'
import { isCloseCode } from '../../server/formats/frames.ts'
import { Gathered } from './gathered.ts'
import { unmask } from './unmask.ts'

/** What a reader tells of; nothing comes after `closing` and `broken`. */
export interface FrameListener {
  /** A whole message: text, or the bytes of a binary one, which are the listener's to keep. */
  message(data: string | Uint8Array): void
  ping(data: Uint8Array): void
  /** The close frame of the peer, whose body is in order: the code and the reason as they came, or nothing. */
  closing(body: Uint8Array): void
  /** What came is no frame of RFC 6455, or too much: the code says which. */
  broken(code: BreachCode): void
}

export type BreachCode = 1002 | 1007 | 1008 | 1009

export interface FrameLimits {
  /** A whole message, inflated. */
  readonly bytes: number
  /** Fragments of one message. */
  readonly fragments: number
  /** Whether permessage-deflate was negotiated, without context takeover. */
  readonly deflate: boolean
}

const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A message of which the last fragment has not come. */
interface Message {
  readonly opcode: number
  readonly compressed: boolean
  readonly bytes: Gathered
  fragments: number
}

/**
 * Reads the frames of a client (RFC 6455, section 5). A frame that comes whole is read where it lies; of others no more is
 * kept than twice what has come, and nothing of one that is refused: its head is judged as soon as it is there.
 */
export class FrameReader {
  readonly #limits: FrameLimits
  readonly #listener: FrameListener
  /** The beginning of a frame. */
  #held: Gathered | undefined
  /** So many bytes has it to have before there is anything to do. */
  #needed = 0
  #message: Message | undefined
  #over = false

  constructor(limits: FrameLimits, listener: FrameListener) {
    this.#limits = limits
    this.#listener = listener
  }

  /** Takes what has come, cut anywhere; the bytes are the reader's to change. */
  push(chunk: Buffer): void {
    if (this.#over) return
    let bytes = chunk
    if (this.#held !== undefined) {
      this.#held.add(chunk)
      if (this.#held.length < this.#needed) return
      bytes = this.#held.whole()
      this.#held = undefined
    }
    let at = 0
    while (at < bytes.length) {
      const end = this.#frame(bytes, at)
      if (this.#over) return
      if (end === at) break
      at = end
    }
    if (at === bytes.length) return
    this.#held = new Gathered()
    this.#held.add(bytes.subarray(at))
  }

  /** Reads the frame at `at`; answers where it ends, or `at` when it is not all there. Hot path. */
  #frame(bytes: Buffer, at: number): number {
    const there = bytes.length - at
    if (there < 2) return this.#wait(2, at)
    const first = bytes[at] ?? 0
    const second = bytes[at + 1] ?? 0
    if (!this.#isHead(first, second)) return this.#broken(1002)
    let length = second & 0x7f
    let head = 6
    if (length === 126) {
      if (there < 4) return this.#wait(4, at)
      head = 8
      length = bytes.readUInt16BE(at + 2)
    } else if (length === 127) {
      if (there < 10) return this.#wait(10, at)
      head = 14
      length = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
    }
    const opcode = first & 0x0f
    // A control frame may come between the fragments of a message, and is none of it.
    if (opcode < opcodes.close && length + (this.#message?.bytes.length ?? 0) > this.#limits.bytes) {
      return this.#broken(1009)
    }
    if (there < head + length) return this.#wait(head + length, at)
    const body = at + head
    const end = body + length
    unmask(bytes, body, end)
    this.#body(first, bytes.subarray(body, end))
    return end
  }

  #wait(needed: number, at: number): number {
    this.#needed = needed
    return at
  }

  #broken(code: BreachCode): number {
    this.#over = true
    this.#message = undefined
    this.#listener.broken(code)
    return -1
  }

  /** Whether the first two bytes of a frame are in order, here and now (RFC 6455, 5.2, 5.4 and 5.5; RFC 7692, 6). */
  #isHead(first: number, second: number): boolean {
    const opcode = first & 0x0f
    const isMasked = second >= 0x80
    const reserved = first & 0x70
    if (!isMasked) return false
    if (opcode >= opcodes.close) {
      const whole = first >= 0x80 && (second & 0x7f) < 126
      return opcode <= opcodes.pong && reserved === 0 && whole
    }
    if (opcode > opcodes.binary) return false
    const continues = opcode === 0
    if (continues !== (this.#message !== undefined)) return false
    return reserved === 0 || (reserved === 0x40 && this.#limits.deflate && !continues)
  }

  #body(first: number, body: Buffer): void {
    const opcode = first & 0x0f
    const isLast = first >= 0x80
    if (opcode >= opcodes.close) this.#control(opcode, body)
    else if (isLast && this.#message === undefined) this.#whole(opcode, (first & 0x40) !== 0, body)
    else this.#fragment(first, body)
  }

  #control(opcode: number, body: Buffer): void {
    if (opcode === opcodes.ping) this.#listener.ping(body)
    if (opcode !== opcodes.close) return
    const code = body.length >= 2 ? body.readUInt16BE(0) : 1000
    if (body.length === 1 || !isCloseCode(code)) this.#broken(1002)
    else if (!isUtf8(body.subarray(2))) this.#broken(1007)
    else {
      this.#over = true
      this.#listener.closing(body)
    }
  }

  #fragment(first: number, body: Buffer): void {
    this.#message ??= {
      opcode: first & 0x0f,
      compressed: (first & 0x40) !== 0,
      bytes: new Gathered(),
      fragments: 0,
    }
    const message = this.#message
    message.fragments++
    if (message.fragments > this.#limits.fragments) {
      this.#broken(1008)
      return
    }
    message.bytes.add(body)
    if (first < 0x80) return
    this.#message = undefined
    this.#whole(message.opcode, message.compressed, message.bytes.whole())
  }

  #whole(opcode: number, compressed: boolean, body: Buffer): void {
    const data = compressed ? inflated(body, this.#limits.bytes) : body
    if (typeof data === 'number') this.#broken(data)
    else if (opcode === opcodes.binary) this.#listener.message(data)
    else if (isUtf8(data)) this.#listener.message(data.toString('utf8'))
    else this.#broken(1007)
  }
}

// The empty block that the sender has left out (RFC 7692, 7.2.2).
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** At once: a message has a limit, and what comes after it has to wait for it in any case. */
function inflated(body: Buffer, limit: number): Buffer | BreachCode {
  try {
    return inflateRawSync(Buffer.concat([body, tail]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      // 0 would stand for no limit.
      maxOutputLength: Math.max(1, limit),
    })
  } catch (error) {
    return error instanceof RangeError ? 1009 : 1007
  }
}
