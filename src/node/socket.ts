import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../server/kernel.ts'
import type { Limits } from '../session/limits.ts'
import type { SocketLink, SocketPeer } from '../session/link.ts'
import { holdHead, Writer } from './writer.ts'

/** Completes WebSocket handshakes of one server. */
export class SocketAcceptor {
  readonly #server: ReturnType<typeof handshakes>
  readonly #limits: Limits
  readonly #clock: Clock

  /** `deflate`: permessage-deflate is negotiated with those who offer it, never with a context taken over. */
  constructor(limits: Limits, deflate: boolean, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#server = handshakes(limits, deflate)
  }

  /** The link of a handshake that is in order; undefined when it was refused or its peer has gone. */
  accept(request: IncomingMessage, socket: Socket, head: Buffer): SocketLink | undefined {
    let link: SocketLink | undefined
    holdHead(socket)
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      link = new WebSocketLink(webSocket, socket, () => socket.bytesRead, this.#limits, this.#clock)
    })
    return link
  }

  /**
   * The link of a stream whose extended CONNECT (RFC 8441) has been answered with 200. Not compressed: `ws` negotiates
   * extensions only with the handshake of HTTP/1.1.
   */
  acceptStream(stream: ServerHttp2Stream): SocketLink {
    const settings = settingsOf(this.#limits, false)
    // As `ws` does after a handshake of its own; its types know only the first of these.
    const webSocket = Reflect.construct(ReasonedWebSocket, [null, undefined, settings]) as ReasonedWebSocket
    webSocket.setSocket(stream, Buffer.alloc(0), settings)
    let received = 0
    stream.on('data', (chunk: Buffer) => (received += chunk.length))
    return new WebSocketLink(webSocket, stream, () => received, this.#limits, this.#clock)
  }
}

/** How long a peer may take to answer a close frame; not in the types of `ws`. */
const closing = { closeTimeout: 5_000 }

function handshakes(limits: Limits, deflate: boolean) {
  return new WebSocketServer(settingsOf(limits, deflate))
}

function settingsOf(limits: Limits, deflate: boolean) {
  return {
    noServer: true,
    clientTracking: false,
    WebSocket: ReasonedWebSocket,
    // A whole message of a client; base64 takes a third more than its bytes, its other fields have limits of their own.
    maxPayload: Math.ceil(limits.messageBytes * 1.4) + 4_096,
    maxFragments: limits.fragments,
    maxBufferedChunks: 4 * limits.fragments,
    // Pongs go through the same writer as everything else, and so obey its limit.
    autoPong: false,
    ...closing,
    perMessageDeflate: deflate && {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      // A frame is compressed once for all: nobody gets a smaller window than the others.
      serverMaxWindowBits: 15,
    },
  }
}

const reasons: Readonly<Record<number, string>> = {
  1002: 'bad-message: not a frame of RFC 6455',
  1003: 'bad-message: not a frame of RFC 6455',
  1007: 'bad-utf8: text is not UTF-8',
  1008: 'too-large: the message has too many fragments',
  1009: 'too-large: the message is over the limit: send a reference to it instead',
}

/** Gives a reason to the close frames that `ws` sends by itself, and lets them follow what was sent before. */
class ReasonedWebSocket extends WebSocket {
  beforeClose: () => void = () => {}
  /** Of `ws`, which its types leave out: begins to receive from a socket whose handshake is done. */
  declare setSocket: (socket: Duplex, head: Buffer, settings: ReturnType<typeof settingsOf>) => void

  override close(code?: number, reason?: string | Buffer): void {
    this.beforeClose()
    super.close(code, reason ?? (code === undefined ? undefined : reasons[code]))
  }
}

/** Receives by `ws`, sends by the socket itself: the frames are ready, and shared with others. */
class WebSocketLink implements SocketLink {
  readonly deflate: boolean
  readonly #webSocket: ReasonedWebSocket
  readonly #received: () => number
  readonly #writer: Writer
  #peer: SocketPeer | undefined
  #owedPong: Buffer | undefined

  constructor(
    webSocket: ReasonedWebSocket,
    socket: Duplex,
    received: () => number,
    limits: Limits,
    clock: Clock,
  ) {
    this.#webSocket = webSocket
    this.#received = received
    this.#writer = new Writer(socket, limits.unsentBytes, clock.elapsed, () => this.#drained())
    this.deflate = webSocket.extensions.includes('permessage-deflate')
    webSocket.beforeClose = () => this.#writer.end()
    // `ws` reports broken frames here and closes with the right code by itself.
    webSocket.on('error', () => this.#writer.drop())
  }

  get room(): number {
    return this.#writer.room
  }

  get received(): number {
    return this.#received()
  }

  get sent(): number {
    return this.#writer.sent
  }

  get stalledMs(): number {
    return this.#writer.stalledMs
  }

  listen(peer: SocketPeer): void {
    this.#peer = peer
    const webSocket = this.#webSocket
    webSocket.on('message', (data, isBinary) => {
      if (webSocket.readyState !== WebSocket.OPEN) return
      const bytes = wholeOf(data)
      peer.received(isBinary ? bytes : bytes.toString('utf8'))
    })
    webSocket.on('ping', (data) => {
      this.#owedPong = data
      if (this.room > 0) this.#payPong()
    })
    webSocket.once('close', () => {
      this.#writer.drop()
      peer.closed()
    })
  }

  send(bytes: Uint8Array): void {
    this.#writer.send(bytes)
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  close(code: number, reason: string): void {
    // A paused socket would not see the peer's answer.
    this.#webSocket.resume()
    this.#webSocket.close(code, reason)
  }

  destroy(): void {
    this.#writer.drop()
    this.#webSocket.terminate()
  }

  #drained(): void {
    this.#payPong()
    this.#peer?.drained()
  }

  // RFC 6455, 5.5.3: of several pings only the last needs its pong, so a slow reader cannot make pongs pile up.
  #payPong(): void {
    const data = this.#owedPong
    if (data === undefined) return
    this.#owedPong = undefined
    this.#writer.send(Buffer.concat([Uint8Array.of(0x8a, data.length), data]))
  }
}

function wholeOf(data: Buffer | ArrayBuffer | readonly Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.concat(data)
}
