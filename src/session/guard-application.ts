import { EverwireError } from '../protocol/codes.ts'
import { membersOf, serverPrefix, type ChannelTable, type Permission } from './channels.ts'
import type { Action, Asking, Guard, Principal } from './guard.ts'
import { judgeOrigin, type OriginRules } from './origins.ts'

export interface ApplicationGuardOptions {
  readonly channels: ChannelTable
  readonly origins: OriginRules
  readonly authenticate: ((asking: Asking) => unknown) | undefined
  /** The id of a user, when it is neither `user.id` nor `user.sub`. */
  readonly userId: ((user: unknown) => string) | undefined
  readonly now: () => number
  /** Told when somebody may look at the members of a channel. */
  readonly watched: (channel: string) => void
  /** Runs after the time that authentication may take; answers its own cancel. */
  readonly deadline: (run: () => void) => () => void
}

/** Those who did not say who they are. */
export const anonymous: Principal = { id: '', user: undefined }

/**
 * The guard that the application's options describe: `authenticate` says who somebody is, the channel rules what
 * they may do. What no rule grants is forbidden, and a channel that does not exist answers alike.
 */
export class ApplicationGuard implements Guard {
  readonly #options: ApplicationGuardOptions

  constructor(options: ApplicationGuardOptions) {
    this.#options = options
  }

  identify(asking: Asking): Principal | Promise<Principal> {
    const { authenticate } = this.#options
    if (!authenticate) return anonymous
    let answer: unknown
    try {
      answer = authenticate(this.#withoutForeignCookies(asking))
    } catch (error) {
      throw refusedBy(error)
    }
    // Many applications know at once; then a clock would cost more than their answer.
    return isPromise(answer) ? this.#inTime(answer) : this.#principal(answer)
  }

  async refresh(token: string, before: Principal): Promise<Principal> {
    const fresh = await this.identify({
      headers: { authorization: `Bearer ${token}` },
      query: new URLSearchParams(),
      address: '',
      raw: undefined,
    })
    if (fresh.id === before.id || before.id === '') return fresh
    throw new EverwireError('unauthenticated', 'the new token is of another user: open a new connection')
  }

  allow(principal: Principal, action: Action, channel: string): void | Promise<void> {
    const granted = this.#granted(principal, action, channel)
    if (granted === true) return undefined
    if (granted === false) throw forbidden(action, channel)
    // Of whatever kind the application's promise is: others tell by its class whether to wait.
    return Promise.resolve(granted).then((yes) => {
      if (!yes) throw forbidden(action, channel)
    })
  }

  #granted(principal: Principal, action: Action, channel: string): boolean | Promise<boolean> {
    const watched = membersOf(channel)
    if (watched !== undefined) {
      const rule = this.#options.channels.find(watched)
      if (action !== 'subscribe' || !rule?.presence) return false
      this.#options.watched(watched)
      return ask(rule.subscribe, principal, watched)
    }
    if (channel.startsWith(serverPrefix)) return false
    const rule = this.#options.channels.find(channel)
    if (!rule) return false
    if (action === 'presence') return rule.presence && ask(rule.subscribe, principal, channel)
    return ask(rule[action], principal, channel)
  }

  // With `*` any page may ask, so a cookie proves nothing about who wrote the page: a WebSocket sends it always.
  #withoutForeignCookies(asking: Asking): Asking {
    const { headers, query, address } = asking
    const verdict = judgeOrigin(this.#options.origins, headers['origin'], headers['host'])
    if (verdict.kind !== 'listed' || verdict.credentials) return asking
    return { headers: { ...headers, cookie: undefined }, query, address, raw: undefined }
  }

  async #inTime(answer: PromiseLike<unknown>): Promise<Principal> {
    let user: unknown
    try {
      user = await this.#beforeDeadline(answer)
    } catch (error) {
      throw refusedBy(error)
    }
    return this.#principal(user)
  }

  async #beforeDeadline(answer: PromiseLike<unknown>): Promise<unknown> {
    let cancel = () => {}
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#options.deadline(() =>
        reject(new EverwireError('timeout', 'authentication took too long: try again')),
      )
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      cancel()
    }
  }

  #principal(user: unknown): Principal {
    if (user === undefined || user === null) return anonymous
    const id = this.#options.userId?.(user) ?? idOf(user)
    if (id === undefined || id === '' || id.startsWith(serverPrefix)) {
      throw new Error(
        `authenticate gave a user without a usable id: it takes "id", "sub" or the option userId, not beginning with "${serverPrefix}"`,
      )
    }
    const expiresAt = expiryOf(user)
    if (expiresAt === undefined) return { id, user }
    if (expiresAt <= this.#options.now()) {
      throw new EverwireError('token-expired', 'the token has expired: get a new one')
    }
    return { id, user, expiresAt }
  }
}

// What was thrown may name a secret: it goes to nobody but the cause.
function refusedBy(error: unknown): EverwireError {
  if (error instanceof EverwireError) return error
  const message = 'not signed in, or the token is refused: sign in and come back'
  return new EverwireError('unauthenticated', message, { cause: error })
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function ask(permission: Permission, principal: Principal, channel: string): boolean | Promise<boolean> {
  return typeof permission === 'boolean' ? permission : permission(principal.user, channel)
}

function forbidden(action: Action, channel: string): EverwireError {
  return new EverwireError(
    'forbidden',
    `${action} on ${JSON.stringify(channel)} is not allowed, or there is no such channel`,
  )
}

function field(user: unknown, name: string): unknown {
  return typeof user === 'object' && user !== null ? Reflect.get(user, name) : undefined
}

function idOf(user: unknown): string | undefined {
  const id = typeof user === 'object' ? (field(user, 'id') ?? field(user, 'sub')) : user
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

// `exp` of a JWT's claims (RFC 7519, 4.1.4): seconds.
function expiryOf(user: unknown): number | undefined {
  const exp = field(user, 'exp')
  return typeof exp === 'number' ? exp * 1_000 : undefined
}
