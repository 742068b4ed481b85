import { randomUUID } from 'node:crypto'
import { channelName } from '../protocol/channel.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Start } from '../protocol/messages.ts'
import { andThen } from '../session/at-once.ts'
import type { Dialect } from '../session/dialect.ts'
import type { Principal } from '../session/guard.ts'
import { Session } from '../session/session.ts'
import { dialects } from './dialect.ts'
import { refuse } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { assertServing, type Kernel } from './kernel.ts'
import { askedStarts } from './stream-request.ts'
import { identifyReader } from './ticket-request.ts'
import { openingOf, routeDialects, type SocketRoute } from './translation.ts'

const keyPattern = /^[+/0-9A-Za-z]{22}==$/

/** `GET ws` (PROTOCOL.md section 6). */
export function serveWebSocket(kernel: Kernel, exchange: Exchange): void | Promise<void> {
  if (!isHandshake(kernel, exchange)) return
  const { query } = exchange
  const channels = query.getAll('channel').map(channelName)
  const starts = askedStarts(exchange, channels)
  return andThen(identifyReader(kernel, exchange), (principal) => {
    if (!principal) return
    const { plain, arrays, deflate } = dialects
    const own = { plain: query.get('frames') === 'arrays' ? arrays : plain, deflate }
    acceptSocket(kernel, exchange, principal, { channels, starts, dialects: own })
  })
}

/** A route of the application that speaks its own shapes; call once per route, as it shares what it encodes. */
export function serveSocketRoute<User>(
  route: SocketRoute<User>,
  report: (error: unknown) => void,
): (kernel: Kernel, exchange: Exchange, params: Readonly<Record<string, string>>) => Promise<void> {
  const own = routeDialects(route, report)
  return async (kernel, exchange, params) => {
    if (!isHandshake(kernel, exchange)) return
    const principal = await kernel.guard.identify(exchange)
    const session = acceptSocket(kernel, exchange, principal, { channels: [], starts: [], dialects: own })
    const { headers, query, address, raw, path } = exchange
    const handshake = { headers, query, address, raw, path, params }
    session?.hear(openingOf(route, session, handshake, report))
  }
}

export interface SocketRequest {
  /** Subscribed to at once. */
  readonly channels: readonly string[]
  readonly starts: readonly Start[]
  readonly dialects: Readonly<Record<'plain' | 'deflate', Dialect>>
}

/**
 * Completes the handshake and opens a session on it; undefined when the peer has gone. The exchange is a handshake, and
 * its peer known and welcome. Throws `draining`.
 */
export function acceptSocket(
  kernel: Kernel,
  exchange: Exchange,
  principal: Principal,
  request: SocketRequest,
): Session | undefined {
  // Whoever came while the server was closing would never be told.
  assertServing(kernel)
  const link = exchange.upgrade?.()
  if (!link) return undefined
  const dialect = request.dialects[link.deflate ? 'deflate' : 'plain']
  const session = new Session(kernel, link, dialect, principal, randomUUID)
  session.open(request.channels, request.starts)
  return session
}

/** Whether the exchange is a handshake of RFC 6455, version 13, or of RFC 8441; otherwise it has been answered with 426. */
export function isHandshake(kernel: Pick<Kernel, 'refused'>, exchange: Exchange): boolean {
  const { headers } = exchange
  const http2 = exchange.httpVersion === '2.0'
  if (!exchange.upgrade || !(http2 || headers['upgrade']?.toLowerCase() === 'websocket')) {
    const error = new EverwireError(
      'upgrade-required',
      'a WebSocket handshake belongs here; a proxy that strips the upgrade does this too: use /sse instead',
    )
    // HTTP/2 knows neither header (RFC 9113, 8.2.2).
    refuse(kernel, exchange, error, http2 ? {} : { upgrade: 'websocket', connection: 'upgrade' })
    return false
  }
  if (headers['sec-websocket-version'] !== '13') {
    const error = new EverwireError(
      'upgrade-required',
      'this server speaks version 13 of WebSocket (RFC 6455)',
    )
    const version = { 'sec-websocket-version': '13' }
    refuse(kernel, exchange, error, http2 ? version : { upgrade: 'websocket', ...version })
    return false
  }
  // RFC 8441 has no key: nothing but HTTP/2 can have made such a request.
  if (!http2 && !keyPattern.test(headers['sec-websocket-key'] ?? '')) {
    throw new EverwireError('bad-message', '"Sec-WebSocket-Key" takes 16 bytes in base64 (RFC 6455, 4.1)')
  }
  return true
}
