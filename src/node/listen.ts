import { createServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import { Socket, type AddressInfo } from 'node:net'
import type { Limits } from '../session/limits.ts'
import { Places, type Place } from '../session/place.ts'
import { Waits } from '../session/waits.ts'
import { attachTo, type Surroundings, type Taker } from './attach.ts'
import { Http1Connection, isWaiting } from './http1/connection.ts'
import type { Front } from './http1/front.ts'

/**
 * Connections that may wait to be taken. After a restart thousands come within a second; whoever finds no place here
 * tries again after one second, then three, then seven.
 */
const backlog = 4_096

/** Held connections cost nothing and must outlive what proxies keep. */
const keepAliveMs = 65_000

const placeOf = Symbol('place')

interface PlacedSocket extends Socket {
  [placeOf]?: Place<Socket>
}

/** A certificate (with its chain) and its key, in PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

/**
 * A server of our own, with timeouts that a silent or slow client cannot outlast. With `tls` it speaks HTTP/2, WebSockets
 * included (RFC 8441), and HTTP/1.1 with those who do not (ALPN, RFC 7301). Throws an Error when `tls` is no certificate
 * with its key.
 */
export class OwnServer {
  readonly server: Server | Http2SecureServer
  readonly #sockets = new Places<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #headersMs: number
  readonly #tls: boolean
  /** The same for all sockets: so they need no function each. */
  readonly #untrack: (this: PlacedSocket) => void

  constructor(limits: Limits, tls: Tls | undefined) {
    const timeouts = {
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: keepAliveMs,
    }
    this.server = tls
      ? createSecureServer({
          ...tls,
          ...timeouts,
          allowHTTP1: true,
          http1Options: timeouts,
          handshakeTimeout: limits.headersMs,
          settings: { enableConnectProtocol: true },
        })
      : createServer(timeouts)
    this.#tls = tls !== undefined
    const sockets = this.#sockets
    this.#untrack = function () {
      if (this[placeOf]) sockets.delete(this[placeOf])
    }
    this.#headersMs = timeouts.headersTimeout
    // The socket of TLS, which counts what it has received; the one beneath does not.
    if (tls) this.server.on('secureConnection', (socket: Socket) => this.#track(socket))
    this.server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
  }

  /** Serves what the taker wants; to be called once. */
  take(taker: Taker, around: Surroundings): void {
    const { server } = this
    attachTo(server, taker, around)
    if (this.#tls) return
    const emit = server.emit
    const front: Front = {
      taker,
      around,
      waits: new Waits(around.clock),
      headersMs: this.#headersMs,
      keepAliveMs,
      pass: (socket) => void Reflect.apply(emit, server, ['connection', socket]),
    }
    // Only in `emit` can a connection be kept from node:http.
    server.emit = (name: string | symbol, ...args: unknown[]): boolean => {
      const [socket] = args
      if (name !== 'connection' || !(socket instanceof Socket)) {
        return Reflect.apply(emit, server, [name, ...args])
      }
      this.#track(socket)
      new Http1Connection(socket, front).begin()
      return true
    }
  }

  #track(socket: PlacedSocket): void {
    socket[placeOf] = this.#sockets.add(socket)
    socket.on('close', this.#untrack)
  }

  /** Fulfilled with the address once it listens; rejected when it cannot. */
  listen(port: number, host: string | undefined): Promise<AddressInfo> {
    const { server } = this
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, () => {
        server.off('error', reject)
        const address = server.address()
        if (address && typeof address === 'object') resolve(address)
        else reject(new Error('the server listens on no port'))
      })
    })
  }

  /** Waits for what is under way, for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const { server } = this
    if (!server.listening) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // A connection whose last answer leaves now would be kept alive for the next request.
    const idle = setInterval(() => this.#closeIdle(), 20)
    const timer = setTimeout(() => {
      // Node knows nothing any more of those that have become WebSockets.
      for (const socket of this.#sockets.values()) socket.destroy()
    }, graceMs)
    this.#closeIdle()
    // Each ends with the last of its streams.
    for (const session of this.#sessions) session.close()
    await closed
    clearInterval(idle)
    clearTimeout(timer)
  }

  #closeIdle(): void {
    const { server } = this
    // That of HTTP/2 has it for those who speak HTTP/1.1, from Node 24 on.
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    // Browsers open connections ahead of need; Node waits for their first request.
    for (const socket of this.#sockets.values()) {
      if (socket.bytesRead === 0 || isWaiting(socket)) socket.destroy()
    }
  }
}
