import { PollSink } from './poll-sink.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Principal } from '../session/guard.ts'
import { expiryOf } from '../session/welcome.ts'
import type { Exchange } from './exchange.ts'
import { pollFormat } from './formats/poll.ts'
import { assertServing, type Connection, type Kernel } from './kernel.ts'
import { admitStream, streamRequest, type StreamRequest } from './stream-request.ts'

const longestDefaultWaitMs = 25_000
const headers = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** `GET poll` and `POST poll` (PROTOCOL.md 8.1). */
export async function servePoll(kernel: Kernel, exchange: Exchange): Promise<void> {
  const request = await streamRequest(kernel, exchange)
  await answerPoll(kernel, exchange, await kernel.guard.identify(exchange), request)
}

/**
 * Answers as soon as there is something, or when the wait is over; the first poll, which has no position yet, at once.
 * The answer's id is where the reader stands, so whatever the answer does not hold comes with the next.
 */
export async function answerPoll(
  kernel: Kernel,
  exchange: Exchange,
  principal: Principal,
  request: StreamRequest,
): Promise<void> {
  const askedMs = waitOf(request.option('wait'), kernel)
  const waitMs = request.resumes ? askedMs : 0
  const { channels } = request
  await admitStream(kernel, principal, channels)
  const starts = await kernel.hub.starts(channels, request.starts)
  assertServing(kernel)
  const hold = new Hold(kernel, exchange, principal, waitMs)
  const sink = new PollSink(
    kernel.hub,
    kernel.limits.unsentBytes,
    (found) => {
      if (found || waitMs === 0) hold.over.resolve()
    },
    (error) => hold.over.reject(error),
  )
  const reader = kernel.hub.subscribe(starts, pollFormat, sink)
  try {
    sink.ready(reader)
    await hold.over.promise
    // What else this turn brings leaves with it.
    await new Promise((resolve) => setImmediate(resolve))
    reader.advance()
    exchange.answer(200, headers, sink.answer(reader.positionText(), expiryOf(principal, kernel.now())))
  } finally {
    hold.release()
    reader.close()
  }
}

/** A poll that waits: over once there is something to answer, the time is up, or the peer or this server goes away. */
class Hold implements Connection {
  readonly principal: Principal
  readonly over = Promise.withResolvers<void>()
  readonly #kernel: Kernel
  readonly #cancel: () => void

  constructor(kernel: Kernel, exchange: Exchange, principal: Principal, waitMs: number) {
    this.principal = principal
    this.#kernel = kernel
    kernel.connections.add(this)
    this.#cancel = waitMs === 0 ? () => {} : kernel.clock.later(waitMs, this.over.resolve)
    exchange.closed.then(this.over.resolve, this.over.reject)
  }

  tick(now: number): void {
    if (now >= (this.principal.expiresAt ?? Infinity))
      this.end(new EverwireError('token-expired', 'the token has expired: come back with a new one'))
  }

  /** Whoever polls asks again at once, and then learns that this server is going away. */
  drain(): void {
    this.over.resolve()
  }

  end(error: EverwireError): void {
    this.over.reject(error)
  }

  release(): void {
    this.#cancel()
    this.#kernel.connections.delete(this)
  }
}

// What outlives a path's time-outs by its heartbeats is not to be held longer than one.
function waitOf(text: string | undefined, { heartbeatMs, limits }: Kernel): number {
  if (text === undefined) return Math.min(heartbeatMs, longestDefaultWaitMs, limits.pollMs)
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN
  if (seconds >= 0 && seconds <= 60) return Math.min(seconds * 1_000, limits.pollMs)
  throw new EverwireError('bad-message', '"wait" takes 0 to 60 seconds')
}
