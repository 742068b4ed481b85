import { EverwireError } from '../protocol/codes.ts'
import type { PublishAnswer, ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { OpenLine, Rider } from './rider.ts'
import { passes } from './endings.ts'
import { ClientError } from './errors.ts'
import { encoded, outgoing, tooLarge } from './outgoing.ts'
import type { Outgoing } from './transports/transport.ts'
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

/** A publish that has not been settled. */
interface Entry {
  readonly ref: number
  readonly message: Outgoing
  /** Repeated although the server may have forgotten the key: it may then take effect twice. */
  readonly always: boolean
  readonly settle: (result: PublishAnswer | Error) => void
  /** When it was first sent. */
  triedAt: number | undefined
  inFlight: boolean
}

/** Publishes under way at once; a server stops reading past about as many. */
const windowSize = 64
const retryMs = 1_000
/** A publish that is not answered for this long is taken for a connection that is dead. */
const answerMs = 30_000
/** Until a `welcome` says how long keys are remembered: what every store remembers at least. */
const leastDedupeMs = 5 * 60_000

/**
 * Publishes on their way out, and their answers on their way back (PROTOCOL.md 10.4). Those that were under way when a
 * connection was lost are sent again, with the same key, before newer ones.
 */
export class Sender implements Rider {
  readonly #post: Post
  readonly #limit: number
  #entries: Entry[] = []
  #stopWatch: (() => void) | undefined
  #pause: (() => void) | undefined
  #over: Error | undefined

  constructor(post: Post, limit: number) {
    this.#post = post
    this.#limit = limit
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
      if (this.#entries.length >= this.#limit)
        throw new ClientError('outbox-full', `${this.#limit} publishes wait: raise outbox.limit`)
      const ref = this.#post.nextRef()
      this.#entries.push({
        ref,
        message: outgoing({
          type: 'publish',
          channel,
          event,
          ...(removed ? { removed, data: null } : encoded(data)),
          key,
          ...(slot !== undefined && { slot }),
          ref,
          // Were that refused for now, this one would overtake it.
          behind: this.#entries.at(-1)?.ref,
        }),
        always: retry === 'always',
        settle: (result) => (result instanceof Error ? reject(result) : resolve(result)),
        triedAt,
        inFlight: false,
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
    for (const entry of this.#entries) entry.inFlight = false
  }

  received(message: ServerMessage): void {
    if (message.type === 'published') {
      const { id, duplicate, ref } = message
      this.#settle(ref, id === undefined ? { duplicate } : { id, duplicate })
    } else if (message.type === 'error') this.#refused(message.ref, message)
  }

  ended(error: Error): void {
    this.#over = error
    for (const { settle } of this.#entries.splice(0)) settle(error)
    this.#stopWatch?.()
    this.#pause?.()
  }

  #refused(ref: unknown, { code, message }: Pick<EverwireError, 'code' | 'message'>): void {
    if (!passes(code) && !(this.#post.renews && code === 'token-expired'))
      return this.#settle(ref, new EverwireError(code, message))
    const entry = this.#entries.find((one) => one.ref === ref)
    if (!entry) return
    entry.inFlight = false
    // Newer ones wait with it: the order is kept.
    this.#pause ??= this.#post.later(retryMs, () => {
      this.#pause = undefined
      this.#flush()
    })
  }

  #settle(ref: unknown, result: PublishAnswer | Error): void {
    // Answers come in order, so it is nearly always the first.
    const index = this.#entries.findIndex((entry) => entry.ref === ref)
    if (index < 0) return
    for (const { settle } of this.#entries.splice(index, 1)) settle(result)
    this.#flush()
  }

  #flush(): void {
    const line = this.#post.line()
    if (!line || this.#pause) return
    const { dedupeMs = leastDedupeMs, limits } = this.#post.welcome()
    const now = this.#post.now()
    // What was tried and is older than the server's memory of keys.
    this.#entries = this.#entries.filter(({ triedAt = now, inFlight, always, settle }) => {
      const kept = inFlight || always || now - triedAt < dedupeMs
      if (!kept) settle(new ClientError('unknown', 'sent long ago, never answered'))
      return kept
    })
    for (const entry of this.#entries.slice(0, windowSize)) {
      if (entry.inFlight) continue
      const { ref, message } = entry
      entry.inFlight = true
      entry.triedAt ??= now
      const error = tooLarge(message, limits)
      // In a turn of its own: what is due is not changed while it is being sent.
      if (error) queueMicrotask(() => this.#refused(ref, error))
      else line.send(message)
    }
    this.#stopWatch?.()
    const waits = this.#entries.some(({ inFlight }) => inFlight)
    this.#stopWatch = waits ? this.#post.later(answerMs, () => this.#post.tell('stalled')) : undefined
  }
}
