import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closeFrame } from '../server/formats/frames.ts'
import type { Clock } from '../server/kernel.ts'
import type { Limits } from '../session/limits.ts'
import type { SocketLink, SocketPeer } from '../session/link.ts'
import { takeFrom, type Taking } from './taking.ts'
import { acceptHandshake, type HandshakeFields } from './websocket/handshake.ts'
import { FrameReader, type BreachCode, type FrameLimits, type FrameListener } from './websocket/reader.ts'
import { Writer } from './writer.ts'

/** How long a peer may take to answer a close frame. */
const closingMs = 5_000

/** Completes WebSocket handshakes of one server. */
export class SocketAcceptor {
  readonly #limits: Limits
  readonly #deflate: boolean
  readonly #clock: Clock
  readonly #frames: Readonly<Record<'plain' | 'deflate', FrameLimits>>

  /** `deflate`: permessage-deflate is negotiated with those who offer it, never with a context taken over. */
  constructor(limits: Limits, deflate: boolean, clock: Clock) {
    this.#limits = limits
    this.#deflate = deflate
    this.#clock = clock
    // A whole message of a client; base64 takes a third more than its bytes, its other fields have limits of their own.
    const bytes = Math.ceil(limits.messageBytes * 1.4) + 4_096
    const { fragments } = limits
    this.#frames = {
      plain: { bytes, fragments, deflate: false },
      deflate: { bytes, fragments, deflate: true },
    }
  }

  /**
   * The link of a handshake over HTTP/1.1 whose method, key and version are in order; undefined when its peer has gone.
   * Throws `bad-message` when the rest of it is not.
   */
  accept(headers: HandshakeFields, socket: Socket, head: Buffer): SocketLink | undefined {
    const accepted = acceptHandshake(headers, this.#deflate)
    if (!socket.readable || !socket.writable) {
      socket.destroy()
      return undefined
    }
    if (head.length > 0) socket.unshift(head)
    // The time-out of a server is for its requests.
    if (socket.timeout) socket.setTimeout(0)
    socket.setNoDelay()
    const link = this.#link(socket, accepted.deflate)
    link.send(accepted.head)
    return link
  }

  /**
   * The link of a stream whose extended CONNECT (RFC 8441) has been answered with 200. Not compressed: no extension was
   * agreed on.
   */
  acceptStream(stream: ServerHttp2Stream): SocketLink {
    stream.on('error', ignored)
    return this.#link(stream, false)
  }

  #link(socket: Duplex, deflate: boolean): WebSocketLink {
    const frames = this.#frames[deflate ? 'deflate' : 'plain']
    return new WebSocketLink(socket, frames, this.#limits.unsentBytes, this.#clock)
  }
}

const reasons: Readonly<Record<BreachCode, string>> = {
  1002: 'bad-message: not a frame of RFC 6455',
  1007: 'bad-utf8: text is not UTF-8',
  1008: 'too-large: the message has too many fragments',
  1009: 'too-large: the message is over the limit: send a reference to it instead',
}

/** A WebSocket whose handshake is done: the frames that it sends are ready, and shared with others. */
class WebSocketLink extends Writer implements SocketLink, FrameListener, Taking {
  received = 0
  readonly #socket: Duplex
  readonly #frames: FrameLimits
  readonly #reader: FrameReader
  readonly #clock: Clock
  #peer: SocketPeer | undefined
  #owedPong: Uint8Array | undefined
  /** `closing`: a close frame was sent, or the peer has ended its side. */
  #state: 'open' | 'closing' = 'open'
  #cancelClosing: (() => void) | undefined

  /** Whoever gives the socket listens to its errors. */
  constructor(socket: Duplex, frames: FrameLimits, unsentBytes: number, clock: Clock) {
    super(socket, unsentBytes, clock)
    this.#socket = socket
    this.#frames = frames
    this.#reader = new FrameReader(frames, this)
    this.#clock = clock
    takeFrom(socket, this)
  }

  get deflate(): boolean {
    return this.#frames.deflate
  }

  listen(peer: SocketPeer): void {
    this.#peer = peer
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#sayClose(closeFrame(code, reason))
  }

  destroy(): void {
    this.#state = 'closing'
    this.drop()
    this.#socket.destroy()
  }

  protected override drained(): void {
    this.#payPong()
    this.#peer?.drained()
  }

  message(data: string | Uint8Array): void {
    if (this.#state === 'open') this.#peer?.received(data)
  }

  ping(data: Uint8Array): void {
    this.#owedPong = data
    if (this.room > 0) this.#payPong()
  }

  /** The peer's close frame: it gets its own back, unless it answers ours, and the connection ends. */
  closing(body: Uint8Array): void {
    this.#sayClose(Buffer.concat([Uint8Array.of(0x88, body.length), body]))
    this.#socket.end()
  }

  broken(code: BreachCode): void {
    this.#sayClose(closeFrame(code, reasons[code]))
    this.#socket.end()
  }

  // RFC 6455, 5.5.3: of several pings only the last needs its pong, so a slow reader cannot make pongs pile up.
  #payPong(): void {
    const data = this.#owedPong
    if (data === undefined) return
    this.#owedPong = undefined
    this.send(Buffer.concat([Uint8Array.of(0x8a, data.length), data]))
  }

  #sayClose(frame: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.send(frame)
    this.finish()
    // A paused socket would not see the peer's answer, nor its end.
    this.#socket.resume()
    this.#cancelClosing = this.#clock.later(closingMs, () => this.#socket.destroy())
  }

  taken(chunk: Buffer): void {
    this.received += chunk.length
    this.#reader.push(chunk)
  }

  /** The peer sends nothing more, so there is nobody to close with. */
  ended(): void {
    this.#state = 'closing'
    this.finish()
    this.#socket.end()
  }

  closed(): void {
    this.#state = 'closing'
    this.drop()
    this.#cancelClosing?.()
    this.#peer?.closed()
  }
}

/** A peer that resets has gone: `close` says so. */
function ignored(): void {}
