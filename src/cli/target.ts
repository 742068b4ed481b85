import { isChannelName } from '../protocol/channel.ts'
import { Failure, exit, usage } from './failure.ts'
import { faultAt } from './trust.ts'

/** Where the commands look for a server when they are told nothing. */
export const defaultUrl = 'http://127.0.0.1:4000/wire'

/** Options of every command that talks to a server. */
export const serverArgs = {
  url: {
    type: 'string',
    valueHint: 'URL',
    description: `the server's base path (default $EVERWIRE_URL or ${defaultUrl})`,
  },
  token: {
    type: 'string',
    valueHint: 'TOKEN',
    description: 'sent as "Authorization: Bearer TOKEN" (default $EVERWIRE_TOKEN)',
  },
} as const

/** The base URL from what was typed: `localhost:4000`, `ws://host/wire` and `https://host` will do. */
export function serverUrl(typed: string | undefined): URL {
  const text = typed ?? process.env['EVERWIRE_URL'] ?? defaultUrl
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.parse(whole.replace(/^ws(s?):/i, 'http$1:'))
  if (!url || !/^https?:$/.test(url.protocol))
    throw usage(`--url takes an address like ${defaultUrl}; it is given "${text}".`)
  if (url.pathname === '/') url.pathname = '/wire'
  url.pathname = url.pathname.replace(/\/+$/, '')
  url.search = ''
  url.hash = ''
  return url
}

/** The token to send, if any. */
export function serverToken(typed: string | undefined): string | undefined {
  return typed ?? (process.env['EVERWIRE_TOKEN'] || undefined)
}

/** Throws a Failure when nothing answers there. */
export async function checkReachable(url: URL): Promise<void> {
  try {
    const answer = await fetch(`${url.href}/healthz`, { signal: AbortSignal.timeout(10_000) })
    await answer.body?.cancel()
  } catch (error) {
    throw unreachable(url, error)
  }
}

/** Nobody answers there, or nobody whom this machine trusts; says what to look at. */
export function unreachable(url: URL, cause: unknown): Failure {
  return new Failure(faultAt(url, reason(cause) ?? ''), exit.unreachable, { cause })
}

/** Why fetch has failed: the system's code, or else the words of the innermost error. */
export function reason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  return reason(inner) ?? error.message
}

/** Throws a usage Failure for what cannot name a channel. */
export function checkChannel(name: string): void {
  if (!isChannelName(name))
    throw usage(`${JSON.stringify(name)} cannot name a channel; a pattern with "*" cannot, either.`)
}
