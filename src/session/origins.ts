/** Which pages may talk to the server: one list for CORS, the WebSocket handshake, publish and poll. */
export interface OriginRules {
  /** Exact origins (`https://app.example`), or `*` for all; undefined: only pages of the same host. */
  readonly allowed: readonly string[] | undefined
  /** Whether pages of those origins may send cookies. Never together with `*`. */
  readonly credentials: boolean
  /** Only this machine is served: pages of any port of it may connect, and nobody by another name. */
  readonly loopback: boolean
}

export type OriginVerdict =
  /** No page asks: curl, a server, a native app; or a page of this very host. */
  | { readonly kind: 'own' }
  /** A page of another origin that is on the list. */
  | { readonly kind: 'listed'; readonly origin: string; readonly credentials: boolean }
  | { readonly kind: 'foreign'; readonly origin: string }

/** Judges the `Origin` of a request that was addressed to `host`. */
export function judgeOrigin(
  rules: OriginRules,
  origin: string | undefined,
  host: string | undefined,
): OriginVerdict {
  if (origin === undefined) return { kind: 'own' }
  if (rules.allowed === undefined) {
    if (rules.loopback && isLoopbackOrigin(origin)) return { kind: 'listed', origin, credentials: true }
    return sameHost(origin, host) ? { kind: 'own' } : { kind: 'foreign', origin }
  }
  const listed = rules.allowed.includes(origin) || rules.allowed.includes('*')
  return listed ? { kind: 'listed', origin, credentials: rules.credentials } : { kind: 'foreign', origin }
}

const loopback4 = String.raw`127(?:\.\d+){3}`
/** Only what is no bare IPv6 address may have a port. */
const loopback = new RegExp(
  `^(?:::1|::ffff:${loopback4}|(?:(?:.+\\.)?localhost|${loopback4}|\\[::1\\]|\\[::ffff:${loopback4}\\])(?::\\d+)?)$`,
)

/** Whether a host name, an address or a `Host` header (with a port) names this machine only. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).host)
}

// The scheme is not compared: behind a proxy that ends TLS the server does not know it.
function sameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false
  try {
    const { protocol, host: originHost } = new URL(origin)
    return originHost !== '' && new URL(`${protocol}//${host}`).host === originHost
  } catch {
    // "null", and what is no URL, belongs to no host.
    return false
  }
}
