import type { Reader } from '../hub/reader.ts'
import type { ChannelStart } from '../hub/start.ts'
import { EverwireError } from '../protocol/codes.ts'
import { andThen } from '../session/at-once.ts'
import type { Principal } from '../session/guard.ts'
import type { Place } from '../session/place.ts'
import { refusalOf } from '../session/refusal.ts'
import type { Wait, Waiting } from '../session/waits.ts'
import { expiryOf } from '../session/welcome.ts'
import { refuse } from './errors.ts'
import type { Exchange, Held, Reply } from './exchange.ts'
import { pollFormat } from './formats/poll.ts'
import { PollSink } from './poll-sink.ts'
import { assertServing, type Connection, type Kernel } from './kernel.ts'
import { admitStream, streamRequest, type StreamRequest } from './stream-request.ts'

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
      new Hold(kernel, exchange, principal, waitMs).begin(starts)
    }),
  )
}

/** A poll that waits: over once there is something to answer, the time is up, or the peer or this server goes away. */
class Hold extends PollSink implements Connection, Held, Waiting {
  readonly principal: Principal
  place: Place<Hold> | undefined
  readonly #kernel: Kernel
  /** Nothing else of the request is kept. */
  readonly #reply: Reply
  #reader: Reader | undefined
  /** Undefined: it is answered at once. */
  readonly #wait: Wait | undefined
  #over = false

  constructor(kernel: Kernel, exchange: Exchange, principal: Principal, waitMs: number) {
    super(kernel.hub, kernel.limits.unsentBytes)
    this.principal = principal
    this.#kernel = kernel
    this.#wait = waitMs > 0 ? kernel.waits.begin(waitMs, this) : undefined
    this.#reply = exchange.hold(this)
  }

  /** From now on it answers by itself, whatever comes: a promise of it would hold all that waits for the promise. */
  begin(starts: readonly ChannelStart[]): void {
    const { connections, hub } = this.#kernel
    connections.add(this)
    this.#reader = hub.subscribe(starts, pollFormat, this)
    try {
      this.ready(this.#reader)
    } catch (error) {
      this.failed(error)
    }
  }

  protected override settled(found: boolean): void {
    if (found || !this.#wait) this.drain()
  }

  protected override failed(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    this.#refuse(error)
  }

  tick(now: number): void {
    if (now >= (this.principal.expiresAt ?? Infinity))
      this.end(new EverwireError('token-expired', 'the token has expired: come back with a new one'))
  }

  waited(): void {
    this.drain()
  }

  gone(): void {
    this.drain()
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
      if (reader) this.#reply.answer(200, headers, this.body(reader.positionText(), expiry))
    } catch (error) {
      this.#refuse(error)
    } finally {
      this.#release()
    }
  }

  #refuse(error: unknown): void {
    const { report } = this.#kernel
    refuse(this.#kernel, this.#reply, refusalOf(error, report))
  }

  #release(): void {
    if (this.#wait) this.#kernel.waits.end(this.#wait)
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
