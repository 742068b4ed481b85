import { EverwireError } from '../protocol/codes.ts'
import type { PublishAnswer, ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { OpenLine } from './driver.ts'
import { passes } from './endings.ts'
import { Outbox } from './outbox.ts'
import { encoded, outgoing, tooLarge } from './outgoing.ts'
import type { Rider } from './rider.ts'
import type { PublishOptions } from './types.ts'

/** What sending needs of the wire. */
export interface Post {
  line(): OpenLine | undefined
  /** What is known of the server. */
  welcome(): Partial<WelcomeMessage>
  nextRef(): number
  now(): number
  later(ms: number, run: () => void): () => void
  key(): string
  /** What a token was too old for may be said again with a new one. */
  readonly renews: boolean
  /** An answer is owed for too long. */
  tell(event: 'stalled'): void
}

const retryMs = 1_000
/** A publish that is not answered for this long is taken for a connection that is dead. */
const answerMs = 30_000
/** Until a `welcome` says how long keys are remembered: what every store remembers at least. */
const leastDedupeMs = 5 * 60_000

/** Publishes on their way out, and their answers on their way back. */
export class Sender implements Rider {
  readonly #post: Post
  readonly #outbox: Outbox
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
    { key = this.#post.key(), slot, removed, retry, triedAt }: PublishOptions & { triedAt?: number } = {},
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
        ...(slot !== undefined && { slot }),
        ref,
      })
      const settle = (result: PublishAnswer | Error) =>
        result instanceof Error ? reject(result) : resolve(result)
      this.#outbox.add({
        ref,
        message,
        always: retry === 'always',
        inFlight: false,
        settle,
        ...(triedAt !== undefined && { triedAt }),
      })
      this.#flush()
    })
  }

  adopted(): void {
    // What was under way on another line is unknown, even if that still lives.
    this.lost()
    this.#flush()
  }

  lost(): void {
    this.#outbox.lost()
  }

  received(message: ServerMessage): void {
    if (message.type === 'published') {
      const { id, duplicate, ref } = message
      this.#outbox.answered(ref, id === undefined ? { duplicate } : { id, duplicate })
      this.#flush()
    } else if (message.type === 'error') this.#refused(message.ref, message)
  }

  ended(error: Error): void {
    this.#over = error
    this.#outbox.fail(error)
    this.#stopWatch?.()
    this.#pause?.()
  }

  #refused(ref: unknown, { code, message }: Pick<EverwireError, 'code' | 'message'>): void {
    if (!passes(code) && !(this.#post.renews && code === 'token-expired')) {
      if (this.#outbox.answered(ref, new EverwireError(code, message))) this.#flush()
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
    const welcome = this.#post.welcome()
    for (const { ref, message } of this.#outbox.due(this.#post.now(), welcome.dedupeMs ?? leastDedupeMs)) {
      const error = tooLarge(message, welcome)
      // In a turn of its own: what is due is not changed while it is being sent.
      if (error) queueMicrotask(() => this.#refused(ref, error))
      else line.send(message)
    }
    this.#watch()
  }

  #watch(): void {
    this.#stopWatch?.()
    this.#stopWatch = this.#outbox.waitsForAnswer
      ? this.#post.later(answerMs, () => this.#post.tell('stalled'))
      : undefined
  }
}
