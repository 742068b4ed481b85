import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Limits } from '../session/limits.ts'

/** A server of our own, with timeouts that a silent or slow client cannot outlast. */
export function ownServer(limits: Limits): Server {
  return createServer({
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: 1_000,
    // Held connections cost nothing and must outlive what proxies keep.
    keepAliveTimeout: 65_000,
  })
}

/** Fulfilled with the address once the server listens; rejected when it cannot. */
export function listening(server: Server, port: number, host: string | undefined): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      const address = server.address()
      if (address && typeof address === 'object') resolve(address)
      else reject(new Error('the server listens on no port'))
    })
  })
}

/** Ends a server: waits for what is under way for at most `graceMs`. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection whose last answer leaves now would be kept alive for the next request.
  const idle = setInterval(() => server.closeIdleConnections(), 20)
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(idle)
  clearTimeout(timer)
}
