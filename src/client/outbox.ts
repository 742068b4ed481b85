import type { PublishAnswer } from '../protocol/messages.ts'
import { ClientError } from './errors.ts'
import type { Outgoing } from './transports/transport.ts'

/** A publish that has not been settled. */
export interface Entry {
  readonly ref: number
  readonly message: Outgoing
  /** Repeated although the server may have forgotten the key: it may then take effect twice. */
  readonly always: boolean
  readonly settle: (result: PublishAnswer | Error) => void
  /** When it was first sent. */
  triedAt?: number
  inFlight: boolean
}

/** Publishes under way at once; a server stops reading past about as many. */
const windowSize = 64

/**
 * The publishes that have not been answered, in the order in which they were made (PROTOCOL.md 10.4). Those that
 * were under way when a connection was lost are sent again, with the same key, before newer ones. No I/O.
 */
export class Outbox {
  readonly #limit: number
  #entries: Entry[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a publish is under way. */
  get waitsForAnswer(): boolean {
    return this.#entries.some(({ inFlight }) => inFlight)
  }

  /** Throws `outbox-full`. */
  add(entry: Entry): void {
    if (this.#entries.length >= this.#limit) {
      throw new ClientError(
        'outbox-full',
        `${this.#limit} publishes wait already: raise outbox.limit, or wait`,
      )
    }
    this.#entries.push(entry)
  }

  /**
   * What to send now, in order; it is under way from here on. What was tried and is older than the server's memory
   * of keys is settled as `unknown` instead.
   */
  due(now: number, dedupeMs: number): Entry[] {
    const forgotten = this.#entries.filter(
      ({ triedAt = now, inFlight, always }) => !inFlight && !always && now - triedAt >= dedupeMs,
    )
    for (const { ref } of forgotten) {
      this.answered(ref, new ClientError('unknown', 'sent, never answered, and too long ago to be repeated'))
    }
    const due = this.#entries.slice(0, windowSize).filter(({ inFlight }) => !inFlight)
    for (const entry of due) {
      entry.inFlight = true
      entry.triedAt ??= now
    }
    return due
  }

  /** The connection is gone: what was under way is unknown, and due again. */
  lost(): void {
    for (const entry of this.#entries) entry.inFlight = false
  }

  /** One was refused for now. False: it is not one of these. */
  refusedForNow(ref: unknown): boolean {
    const entry = this.#entries.find((one) => one.ref === ref)
    if (entry) entry.inFlight = false
    return entry !== undefined
  }

  /** The server has answered. False: it is not one of these. */
  answered(ref: unknown, result: PublishAnswer | Error): boolean {
    // Answers come in order, so it is nearly always the first.
    const index = this.#entries.findIndex((entry) => entry.ref === ref)
    const [entry] = index < 0 ? [] : this.#entries.splice(index, 1)
    entry?.settle(result)
    return entry !== undefined
  }

  /** Nothing will be sent any more. */
  fail(error: Error): void {
    for (const { settle } of this.#entries.splice(0)) settle(error)
  }
}
