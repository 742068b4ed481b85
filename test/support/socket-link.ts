import type { SocketLink, SocketPeer } from '../../src/session/link.ts'
import type { Said } from './wire.ts'

/** A WebSocket in memory: its reader reads when it is told to, and sees every byte. */
export class MemoryLink implements SocketLink {
  readonly deflate = false
  received = 0
  sent = 0
  stalledMs = 0
  paused = false
  /** Whether what is sent is read at once. */
  reading = true
  unread = 0
  /** The most that ever waited to be read. */
  mostUnread = 0
  ended: { readonly code: number; readonly reason: string } | 'destroyed' | undefined
  readonly frames: Buffer[] = []
  readonly #limit: number
  #peer: SocketPeer | undefined

  constructor(limit = 65_536) {
    this.#limit = limit
  }

  get room(): number {
    return this.#limit - this.unread
  }

  /** What the server has said so far, pings of RFC 6455 apart. */
  get said(): Said[] {
    return this.frames
      .flatMap(split)
      .filter(({ opcode }) => opcode === 1)
      .map(({ payload }) => JSON.parse(payload.toString()))
  }

  get pings(): number {
    return this.frames.flatMap(split).filter(({ opcode }) => opcode === 9).length
  }

  send(bytes: Uint8Array): void {
    if (this.ended) throw new Error('sent after the end')
    this.frames.push(Buffer.from(bytes))
    this.sent += bytes.length
    if (this.reading) return
    this.unread += bytes.length
    this.mostUnread = Math.max(this.mostUnread, this.unread)
  }

  listen(peer: SocketPeer): void {
    this.#peer = peer
  }

  /** The client says something. */
  hear(message: object | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    this.received += text.length
    this.#peer?.received(text)
  }

  /** The client reads what waits for it. */
  read(bytes = Infinity): void {
    const before = this.room
    this.unread = Math.max(0, this.unread - bytes)
    if (before <= 0 && this.room > 0) this.#peer?.drained()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  close(code: number, reason: string): void {
    this.ended = { code, reason }
  }

  destroy(): void {
    this.ended ??= 'destroyed'
    this.#peer?.closed()
  }
}

/** The frames in bytes that may hold several (server's frames are not masked). */
function split(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer }[] {
  const frames: { readonly opcode: number; readonly payload: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    const opcode = (bytes[at] ?? 0) & 0x0f
    const short = bytes[at + 1] ?? 0
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    frames.push({ opcode, payload: bytes.subarray(at + head, at + head + length) })
    at += head + length
  }
  return frames
}
