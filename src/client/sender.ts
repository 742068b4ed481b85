import { EverwireError } from '../protocol/codes.ts'
import type {
  PresenceMessage,
  PublishAnswer,
  RequestMessage,
  ServerMessage,
  WelcomeMessage,
} from '../protocol/messages.ts'
import type { OpenLine } from './driver.ts'
import { passes } from './endings.ts'
import { ClientError } from './errors.ts'
import { Outbox } from './outbox.ts'
import { encoded, outgoing } from './outgoing.ts'
import type { Outgoing } from './transports/transport.ts'
import type { PublishOptions } from './types.ts'

/** What sending needs of the wire. */
export interface Post {
  line(): OpenLine | undefined
  nextRef(): number
  now(): number
  later(ms: number, run: () => void): () => void
  key(): string
  /** An answer is owed for too long. */
  stalled(): void
}

/** What is asked once: a `request` or `presence`. */
type Question = Omit<RequestMessage, 'ref'> | Omit<PresenceMessage, 'ref'>

interface Pending {
  readonly message: Outgoing
  readonly settle: (result: unknown) => void
  sentOn: OpenLine | undefined
}

const retryMs = 1_000
/** A publish that is not answered for this long is taken for a connection that is dead. */
const answerMs = 30_000

/** Publishes and questions on their way out, and their answers on their way back. */
export class Sender {
  readonly #post: Post
  readonly #outbox: Outbox
  readonly #pending = new Map<number, Pending>()
  /** Until a `welcome` says how long keys are remembered: what every store remembers at least. */
  #dedupeMs = 5 * 60_000
  #messageBytes = Infinity
  #stopWatch: (() => void) | undefined
  #pause: (() => void) | undefined
  #over: Error | undefined

  constructor(post: Post, limit: number) {
    this.#post = post
    this.#outbox = new Outbox(limit)
  }

  /** Takes effect once, in the order of the calls; rejects as `everwire/client` promises. */
  publish(
    channel: string,
    event: string,
    data: unknown,
    { key = this.#post.key(), slot, removed, retry }: PublishOptions = {},
  ): Promise<PublishAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw this.#over
      const ref = this.#post.nextRef()
      const message = outgoing({
        type: 'publish',
        channel,
        event,
        ...(removed ? { removed, data: null } : encoded(data)),
        key,
        ...(slot === undefined ? {} : { slot }),
        ref,
      })
      const settle = (result: PublishAnswer | Error) =>
        result instanceof Error ? reject(result) : resolve(result)
      this.#outbox.add({ ref, message, always: retry === 'always', inFlight: false, settle })
      this.#flush()
    })
  }

  /**
   * Asks once; waits for a connection, and for the answer, for `timeoutMs` in all. Rejects with the server's refusal, or
   * a ClientError `no-answer` or `disconnected`.
   */
  ask(question: Question, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw this.#over
      const ref = this.#post.nextRef()
      const disarm = this.#post.later(timeoutMs, () =>
        this.#settle(ref, new ClientError('no-answer', `no answer within ${timeoutMs} ms`)),
      )
      const settle = (result: unknown) => {
        disarm()
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      this.#pending.set(ref, { message: outgoing({ ...question, ref }), settle, sentOn: undefined })
      this.#sendPending()
    })
  }

  adopted({ dedupeMs, limits }: Partial<WelcomeMessage>): void {
    this.#dedupeMs = dedupeMs ?? this.#dedupeMs
    this.#messageBytes = limits?.messageBytes ?? this.#messageBytes
    // What was under way on another line is unknown, even if that still lives.
    this.#outbox.lost()
    this.#sendPending()
    this.#flush()
  }

  lost(line: OpenLine): void {
    this.#outbox.lost()
    for (const [ref, { sentOn }] of this.#pending) {
      // What is sent by POST does not end with the stream beside it.
      if (sentOn === line && !line.starts)
        this.#settle(ref, new ClientError('disconnected', 'the connection broke before the answer came'))
    }
  }

  /** An answer. What is none of ours is ignored. */
  answered(message: ServerMessage): void {
    if (!('ref' in message) || typeof message.ref !== 'number') return
    const { ref } = message
    switch (message.type) {
      case 'published': {
        const { id, duplicate } = message
        this.#outbox.answered(ref, id === undefined ? { duplicate } : { id, duplicate })
        return this.#flush()
      }
      case 'response':
        return this.#settle(ref, message.data)
      case 'done':
        return this.#settle(ref, undefined)
      case 'error':
        return this.#refused(ref, new EverwireError(message.code, message.message))
      default:
    }
  }

  /** Nothing will be sent any more. */
  fail(error: Error): void {
    this.#over = error
    this.#outbox.fail(error)
    for (const ref of this.#pending.keys()) this.#settle(ref, error)
    this.#stopWatch?.()
    this.#pause?.()
  }

  #sendPending(): void {
    const line = this.#post.line()
    if (!line) return
    for (const pending of this.#pending.values()) {
      if (pending.sentOn) continue
      pending.sentOn = line
      this.#send(line, pending.message)
    }
  }

  // Too large a frame would end the connection, and every repeat the next one.
  #send(line: OpenLine, message: Outgoing): void {
    const { ref = 0, text } = message
    const bytes = new TextEncoder().encode(text).length
    // Bytes as base64, and the fields around them.
    if (bytes <= this.#messageBytes * 1.4 + 4_000) return line.send(message)
    const error = new EverwireError(
      'too-large',
      `a message takes ${this.#messageBytes} bytes; this has ${bytes}`,
    )
    queueMicrotask(() => this.#refused(ref, error))
  }

  #settle(ref: number, result: unknown): void {
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    pending?.settle(result)
  }

  #refused(ref: number, error: EverwireError): void {
    this.#settle(ref, error)
    if (!passes(error.code)) {
      if (this.#outbox.answered(ref, error)) this.#flush()
    } else if (this.#outbox.refusedForNow(ref)) {
      // Newer ones wait with it: the order is kept.
      this.#pause ??= this.#post.later(retryMs, () => {
        this.#pause = undefined
        this.#flush()
      })
    }
  }

  #flush(): void {
    const line = this.#post.line()
    if (!line || this.#pause) return
    for (const { message } of this.#outbox.due(this.#post.now(), this.#dedupeMs)) this.#send(line, message)
    this.#watch()
  }

  #watch(): void {
    this.#stopWatch?.()
    this.#stopWatch = this.#outbox.waitsForAnswer ? this.#post.later(answerMs, this.#post.stalled) : undefined
  }
}
