import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Limits } from '../session/limits.ts'

/**
 * Connections that may wait to be taken. After a restart thousands come within a second; whoever finds no place here
 * tries again after one second, then three, then seven.
 */
const backlog = 4_096

/** A server of our own, with timeouts that a silent or slow client cannot outlast. */
export class OwnServer {
  readonly server: Server
  readonly #sockets = new Set<Socket>()

  constructor(limits: Limits) {
    this.server = createServer({
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      // Held connections cost nothing and must outlive what proxies keep.
      keepAliveTimeout: 65_000,
    })
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
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
    await closed
    clearInterval(idle)
    clearTimeout(timer)
  }

  #closeIdle(): void {
    this.server.closeIdleConnections()
    // Browsers open connections ahead of need; Node waits for their first request.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
