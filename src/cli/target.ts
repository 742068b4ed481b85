import { isChannelName } from '../protocol/channel.ts'
import { Failure, exit, usage } from './failure.ts'

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

/** Nobody answers there; says what to look at. */
export function unreachable(url: URL, cause: unknown): Failure {
  const { origin } = url
  const why = reason(cause)
  const hint =
    why === 'ECONNREFUSED'
      ? 'Is the server running? `everwire serve --dev` starts one.'
      : 'Check the address in --url.'
  return new Failure(`Nothing answers at ${origin}${why ? ` (${why})` : ''}. ${hint}`, exit.unreachable, {
    cause,
  })
}

/** The system's code for what went wrong, from wherever fetch has put it. */
function reason(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
    if (at instanceof AggregateError && at.errors.length > 0) return reason(at.errors[0])
  }
  return undefined
}

/** Throws a usage Failure for what cannot name a channel. */
export function checkChannel(name: string): void {
  if (!isChannelName(name))
    throw usage(`${JSON.stringify(name)} cannot name a channel; a pattern with "*" cannot, either.`)
}
