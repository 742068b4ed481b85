import { createServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Limits } from '../session/limits.ts'

/**
 * Connections that may wait to be taken. After a restart thousands come within a second; whoever finds no place here
 * tries again after one second, then three, then seven.
 */
const backlog = 4_096

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
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(limits: Limits, tls: Tls | undefined) {
    const timeouts = {
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      // Held connections cost nothing and must outlive what proxies keep.
      keepAliveTimeout: 65_000,
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
    // The socket of TLS, which counts what it has received; the one beneath does not.
    this.server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
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
      for (const socket of this.#sockets) socket.destroy()
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
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
