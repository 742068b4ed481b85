import type { ChannelStart } from '../hub/start.ts'
import { codes, EverwireError } from '../protocol/codes.ts'
import { formatEvent } from '../protocol/sse.ts'
import { andThen } from '../session/at-once.ts'
import type { Principal } from '../session/guard.ts'
import type { Exchange } from './exchange.ts'
import { sseFormats, type SseFormat } from './formats/sse.ts'
import { assertServing, type Kernel } from './kernel.ts'
import { EventStream } from './event-stream.ts'
import { retryMs } from './sse-retry.ts'
import { admitStream, streamRequest, type StreamRequest } from './stream-request.ts'
import { identifyReader } from './ticket-request.ts'

/** `GET sse` and `POST sse` (PROTOCOL.md section 7). What it throws the router answers: as an event, where it may pass. */
export function serveSse(kernel: Kernel, exchange: Exchange): void | Promise<void> {
  return andThen(streamRequest(kernel, exchange), (request) =>
    andThen(identifyReader(kernel, exchange), (principal) =>
      principal ? streamEvents(kernel, exchange, principal, request) : undefined,
    ),
  )
}

/**
 * Streams the channels asked for to a peer who is known; its rights are checked here. Done, or fulfilled, once the stream
 * has begun. Throws, or rejects, when it cannot begin, before anything was answered.
 */
export function streamEvents(
  kernel: Kernel,
  exchange: Exchange,
  principal: Principal,
  request: StreamRequest,
): void | Promise<void> {
  const { channels } = request
  return andThen(admitStream(kernel, principal, channels), () =>
    andThen(kernel.hub.starts(channels, request.starts), (starts) =>
      begin(kernel, exchange, principal, request, starts),
    ),
  )
}

function begin(
  kernel: Kernel,
  exchange: Exchange,
  principal: Principal,
  request: StreamRequest,
  starts: readonly ChannelStart[],
): void {
  assertServing(kernel)
  const { channels } = request
  const encoding = kernel.compression && takesGzip(exchange.headers['accept-encoding']) ? 'gzip' : 'identity'
  const headers = {
    ...streamHeaders(exchange),
    ...(encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    ...(kernel.compression ? { vary: 'accept-encoding' } : {}),
  }
  if (exchange.method === 'HEAD') {
    exchange.answer(200, headers, '')
    return
  }
  const link = exchange.stream(200, headers)
  const shape = channels.length > 1 || request.option('envelope') === '1' ? 'envelope' : 'bare'
  const format: SseFormat = sseFormats[shape][encoding][link.framing]
  const namedHeartbeat = request.option('heartbeat') === 'event'
  new EventStream(kernel, link, format, principal, namedHeartbeat).open(starts)
}

/**
 * Answers what refuses a stream. A native EventSource never comes back from any status but 200, so what may pass is a
 * stream that tells when to come back, why, and ends (PROTOCOL.md 7.7). The rest is thrown on.
 */
export function refuseStream(
  kernel: Pick<Kernel, 'refused' | 'retryMs'>,
  exchange: Exchange,
  error: EverwireError,
): void {
  const { code, message } = error
  if (codes[code].retry === 'never') throw error
  kernel.refused(code)
  const data = JSON.stringify({ type: 'error', code, message })
  exchange.answer(
    200,
    streamHeaders(exchange),
    formatEvent({ event: 'error', retry: retryMs(kernel.retryMs, code), data }),
  )
}

/** The head of every event stream (PROTOCOL.md 7.1). */
export function streamHeaders({ httpVersion }: Exchange): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    ...(httpVersion === '1.1' ? { connection: 'keep-alive' } : {}),
  }
}

// RFC 9110, 12.5.3: a coding with q=0 is not acceptable.
function takesGzip(accepted: string | undefined): boolean {
  return (accepted ?? '').split(',').some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding))
}
