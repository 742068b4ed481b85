import type { Reader } from '../hub/reader.ts'
import type { ChannelStart } from '../hub/start.ts'
import { EverwireError } from '../protocol/codes.ts'
import { andThen } from '../session/at-once.ts'
import type { Principal } from '../session/guard.ts'
import { expiryOf } from '../session/welcome.ts'
import type { Exchange } from './exchange.ts'
import { pollFormat } from './formats/poll.ts'
import { PollSink, type PollOwner } from './poll-sink.ts'
import { assertServing, type Connection, type Kernel } from './kernel.ts'
import { admitStream, streamRequest, type StreamRequest } from './stream-request.ts'
import type { Place } from '../session/place.ts'

const longestDefaultWaitMs = 25_000
const headers = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** `GET poll` and `POST poll` (PROTOCOL.md 8.1). */
export function servePoll(kernel: Kernel, exchange: Exchange): void | Promise<void> {
  return andThen(streamRequest(kernel, exchange), (request) =>
    andThen(kernel.guard.identify(exchange), (principal) => answerPoll(kernel, exchange, principal, request)),
  )
}

/**
 * Answers as soon as there is something, or when the wait is over; the first poll, which has no position yet, at once.
 * The answer's id is where the reader stands, so whatever the answer does not hold comes with the next.
 */
function answerPoll(
  kernel: Kernel,
  exchange: Exchange,
  principal: Principal,
  request: StreamRequest,
): void | Promise<void> {
  const askedMs = waitOf(request.option('wait'), kernel)
  const waitMs = request.resumes ? askedMs : 0
  const { channels } = request
  return andThen(admitStream(kernel, principal, channels), () =>
    andThen(kernel.hub.starts(channels, request.starts), (starts) => {
      assertServing(kernel)
      return new Hold(kernel, exchange, principal, waitMs).begin(starts)
    }),
  )
}

/** A poll that waits: over once there is something to answer, the time is up, or the peer or this server goes away. */
class Hold implements Connection, PollOwner {
  readonly principal: Principal
  place: Place<Hold> | undefined
  readonly #kernel: Kernel
  readonly #exchange: Exchange
  readonly #waitMs: number
  readonly #sink: PollSink
  readonly #answered = Promise.withResolvers<void>()
  #reader: Reader | undefined
  #cancel: (() => void) | undefined
  #over = false

  constructor(kernel: Kernel, exchange: Exchange, principal: Principal, waitMs: number) {
    this.principal = principal
    this.#kernel = kernel
    this.#exchange = exchange
    this.#waitMs = waitMs
    this.#sink = new PollSink(kernel.hub, kernel.limits.unsentBytes, this)
  }

  /** Fulfilled once it is answered; rejected with what is to be answered instead. */
  begin(starts: readonly ChannelStart[]): Promise<void> {
    const { clock, connections, hub } = this.#kernel
    connections.add(this)
    if (this.#waitMs > 0) this.#cancel = clock.later(this.#waitMs, () => this.drain())
    this.#exchange.closed.then(
      () => this.drain(),
      (error: unknown) => this.failed(error),
    )
    this.#reader = hub.subscribe(starts, pollFormat, this.#sink)
    try {
      this.#sink.ready(this.#reader)
    } catch (error) {
      this.failed(error)
    }
    return this.#answered.promise
  }

  settled(found: boolean): void {
    if (found || this.#waitMs === 0) this.drain()
  }

  failed(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    this.#answered.reject(error)
  }

  tick(now: number): void {
    if (now >= (this.principal.expiresAt ?? Infinity))
      this.end(new EverwireError('token-expired', 'the token has expired: come back with a new one'))
  }

  /** Answers with what there is. Whoever polls asks again at once, and then learns that this server is going away. */
  drain(): void {
    if (this.#over) return
    this.#over = true
    // What else this turn brings leaves with it.
    setImmediate(() => this.#answer())
  }

  end(error: EverwireError): void {
    this.failed(error)
  }

  #answer(): void {
    const reader = this.#reader
    try {
      reader?.advance()
      const expiry = expiryOf(this.principal, this.#kernel.now())
      if (reader) this.#exchange.answer(200, headers, this.#sink.answer(reader.positionText(), expiry))
      this.#answered.resolve()
    } catch (error) {
      this.#answered.reject(error)
    } finally {
      this.#release()
    }
  }

  #release(): void {
    this.#cancel?.()
    this.#kernel.connections.delete(this)
    this.#reader?.close()
  }
}

// What outlives a path's time-outs by its heartbeats is not to be held longer than one.
function waitOf(text: string | undefined, { heartbeatMs, limits }: Kernel): number {
  if (text === undefined) return Math.min(heartbeatMs, longestDefaultWaitMs, limits.pollMs)
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN
  if (seconds >= 0 && seconds <= 60) return Math.min(seconds * 1_000, limits.pollMs)
  throw new EverwireError('bad-message', '"wait" takes 0 to 60 seconds')
}
