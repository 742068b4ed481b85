/** Who is at the other end. Made by the application's `authenticate`. */
export interface Principal {
  /** Scope of publish keys and of the limits per user; `''` for those who did not say who they are. */
  readonly id: string
  /** Whatever `authenticate` returned; handed to the application's rules and handlers. */
  readonly user: unknown
  /** Milliseconds since the Unix epoch from which on the connection needs a new token. */
  readonly expiresAt?: number
}

export type Action = 'subscribe' | 'publish' | 'request' | 'presence'

/** What the application decides: who somebody is and what they may do. */
export interface Guard {
  /** Throws, or rejects with, `unauthenticated` or `token-expired`. May answer at once: a promise costs a turn. */
  identify(asking: Asking): Principal | Promise<Principal>
  /** A new token in the middle of a connection. Rejects like `identify`. */
  refresh(token: string, before: Principal): Promise<Principal>
  /** Throws `forbidden`; missing and forbidden channels answer alike. May answer at once: a promise costs a turn. */
  allow(principal: Principal, action: Action, channel: string): void | Promise<void>
}

/** What is known of who asks before they are known. */
export interface Asking {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  /** The peer's address. */
  readonly address: string
  /** The host's own request object (Node's IncomingMessage), for `authenticate` of an application that has its own session. */
  readonly raw: unknown
}
