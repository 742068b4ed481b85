import { toBase64 } from '../protocol/binary.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { PublishAnswer, ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { OpenLine } from './driver.ts'
import { passes } from './endings.ts'
import { ClientError } from './errors.ts'
import { Outbox } from './outbox.ts'
import { outgoing } from './outgoing.ts'
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

interface Pending {
  readonly message: Outgoing
  readonly settle: (result: unknown) => void
  sentOn: OpenLine | undefined
}

/** Until a `welcome` says how long keys are remembered: what every store remembers at least. */
const dedupeMs = 5 * 60_000
const retryMs = 1_000
/** A publish that is not answered for this long is taken for a connection that is dead. */
const answerMs = 30_000

/** Publishes and requests on their way out, and their answers on their way back. */
export class Sender {
  readonly #post: Post
  readonly #outbox: Outbox
  readonly #pending = new Map<number, Pending>()
  #dedupeMs = dedupeMs
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
    options: PublishOptions = {},
  ): Promise<PublishAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw this.#over
      const { key = this.#post.key(), slot, removed } = options
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
      this.#outbox.add({ ref, message, always: options.retry === 'always', inFlight: false, settle })
      this.#flush()
    })
  }

  /** Asks once; waits for a connection, and for the answer, for `timeoutMs` in all. */
  request(channel: string, event: string, data: unknown, timeoutMs: number): Promise<unknown> {
    const ref = this.#post.nextRef()
    return this.#ask(outgoing({ type: 'request', channel, event, ...encoded(data), ref }), ref, timeoutMs)
  }

  presence(channel: string, action: 'enter' | 'update' | 'leave', data: unknown): Promise<unknown> {
    const ref = this.#post.nextRef()
    return this.#ask(outgoing({ type: 'presence', channel, action, data, ref }), ref, answerMs)
  }

  adopted({ dedupeMs: remembered, limits }: Partial<WelcomeMessage>): void {
    this.#dedupeMs = remembered ?? this.#dedupeMs
    this.#messageBytes = limits?.messageBytes ?? this.#messageBytes
    // What was under way on another line is unknown, even if that still lives.
    this.lost()
    for (const pending of this.#pending.values()) this.#sendOnce(pending)
    this.#flush()
  }

  lost(line?: OpenLine): void {
    this.#outbox.lost()
    for (const [ref, pending] of this.#pending) {
      // What is sent by POST does not end with the stream beside it.
      if (!line || pending.sentOn !== line || line.starts) continue
      if (pending.message.type === 'presence') pending.sentOn = undefined
      else {
        this.#settle(ref, new ClientError('disconnected', 'the connection broke before the answer came'))
      }
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
        this.#flush()
        return
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

  #ask(message: Outgoing, ref: number, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw this.#over
      const timer = this.#post.later(timeoutMs, () =>
        this.#settle(ref, new ClientError('no-answer', `no answer within ${timeoutMs} ms`)),
      )
      const settle = (result: unknown) => {
        timer()
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      const pending: Pending = { message, settle, sentOn: undefined }
      this.#pending.set(ref, pending)
      this.#sendOnce(pending)
    })
  }

  #sendOnce(pending: Pending): void {
    if (pending.sentOn || !this.#pending.has(pending.message.ref ?? 0)) return
    pending.sentOn = this.#post.line()
    if (pending.sentOn) this.#send(pending.sentOn, pending.message)
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
    if (!passes(error.code)) this.#outbox.answered(ref, error)
    else if (this.#outbox.refusedForNow(ref)) {
      // Newer ones wait with it: the order is kept.
      this.#pause ??= this.#post.later(retryMs, () => {
        this.#pause = undefined
        this.#flush()
      })
    }
    const pending = this.#pending.get(ref)
    // Who is here may be said again; a request might be answered twice.
    if (pending?.message.type === 'presence' && passes(error.code)) {
      pending.sentOn = undefined
      this.#post.later(retryMs, () => this.#sendOnce(pending))
    } else this.#settle(ref, error)
  }

  #flush(): void {
    const line = this.#post.line()
    if (!line || this.#pause) return
    for (const { message } of this.#outbox.due(this.#post.now(), this.#dedupeMs)) this.#send(line, message)
    this.#watch()
  }

  #watch(): void {
    this.#stopWatch?.()
    this.#stopWatch = this.#outbox.waitsForAnswer
      ? this.#post.later(answerMs, () => this.#post.stalled())
      : undefined
  }
}

// Bytes travel as text: one form for every wire, and for a repeat.
function encoded(data: unknown): { data: unknown; encoding?: 'base64' } {
  const bytes =
    data instanceof ArrayBuffer
      ? new Uint8Array(data)
      : ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : undefined
  return bytes ? { data: toBase64(bytes), encoding: 'base64' } : { data: data ?? null }
}
