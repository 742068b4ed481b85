import { randomBytes } from 'node:crypto'
import { EverwireError } from '../protocol/codes.ts'
import type { Principal } from '../session/guard.ts'

/** How long a ticket waits to be used; how long one that was used lets its reader come back. */
const redeemMs = 60_000
export const resumeMs = 24 * 60 * 60_000
/** Of one user; the oldest makes way. */
const perUser = 64

interface Issued {
  readonly principal: Principal
  until: number
  /** What the reader's cookie holds, once the ticket has been used. */
  secret: string | undefined
}

/**
 * Tickets stand in a URL for whoever asked for them, where nothing else can carry a token: a native EventSource. A ticket
 * opens one stream, once. An EventSource asks for the same URL again after each drop: then the cookie that was set with
 * the first answer has to come along, so that a URL that was seen by others is worth nothing.
 */
export class Tickets {
  readonly #issued = new Map<string, Issued>()
  readonly #byUser = new Map<string, Set<string>>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws `unauthenticated` for who is not known: they need none. */
  issue(principal: Principal): { readonly ticket: string; readonly expiresInMs: number } {
    if (principal.id === '')
      throw new EverwireError('unauthenticated', 'a ticket stands for a user: sign in, then ask for one')
    const ticket = randomBytes(18).toString('base64url')
    const mine = this.#byUser.get(principal.id) ?? new Set()
    this.#byUser.set(principal.id, mine.add(ticket))
    this.#issued.set(ticket, { principal, until: this.#now() + redeemMs, secret: undefined })
    for (const each of mine) {
      const spare = mine.size > perUser || (this.#issued.get(each)?.until ?? 0) <= this.#now()
      if (spare) this.#forget(each, principal.id)
    }
    return { ticket, expiresInMs: redeemMs }
  }

  /**
   * Whose ticket it is, and the cookie that is to be set; `spent` when it has been used, and `cookie` is not the one that
   * was set then. Throws `unauthenticated` for what is no ticket, or no longer.
   */
  redeem(ticket: string, cookie: string | undefined): { principal: Principal; secret: string } | 'spent' {
    const issued = this.#issued.get(ticket)
    const now = this.#now()
    if (!issued || Math.min(issued.until, issued.principal.expiresAt ?? Infinity) <= now) {
      if (issued) this.#forget(ticket, issued.principal.id)
      throw new EverwireError('unauthenticated', 'the ticket is not known, or too old: ask for a new one')
    }
    const { principal } = issued
    if (issued.secret !== undefined && issued.secret !== cookie) return 'spent'
    // Several streams of one browser share its one cookie.
    const known = cookie !== undefined && this.#holds(principal.id, cookie)
    issued.secret ??= known ? cookie : randomBytes(18).toString('base64url')
    issued.until = now + resumeMs
    return { principal, secret: issued.secret }
  }

  #holds(user: string, secret: string): boolean {
    return [...(this.#byUser.get(user) ?? [])].some((ticket) => this.#issued.get(ticket)?.secret === secret)
  }

  #forget(ticket: string, user: string): void {
    this.#issued.delete(ticket)
    const mine = this.#byUser.get(user)
    mine?.delete(ticket)
    if (mine?.size === 0) this.#byUser.delete(user)
  }
}
