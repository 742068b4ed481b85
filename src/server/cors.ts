import { EverwireError } from '../protocol/codes.ts'
import { isLoopback, judgeOrigin, type OriginRules } from '../session/origins.ts'
import type { Exchange } from './exchange.ts'

const allowedHeaders = 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID'
const preflightSeconds = '600'

/**
 * Keeps an open development server to this machine: its peers, and the names that they call it by, so that no page can
 * reach it by a name that it points here. Throws `forbidden`.
 */
export function admitPeer(rules: OriginRules, exchange: Exchange): void {
  if (!rules.loopback) return
  if (isLoopback(exchange.address) && isLoopback(exchange.headers['host'] ?? 'localhost')) return
  throw new EverwireError(
    'forbidden',
    'with dev: true only this machine is served, as localhost or 127.0.0.1',
  )
}

/**
 * Lets the pages of listed origins read the answer (Fetch standard, CORS protocol), and no other page ask at all:
 * throws `forbidden-origin`.
 */
export function admitOrigin(rules: OriginRules, exchange: Exchange): void {
  const verdict = judgeOrigin(rules, exchange.headers['origin'], exchange.headers['host'])
  if (rules.allowed !== undefined) exchange.setHeader('vary', 'Origin')
  if (verdict.kind === 'foreign') {
    throw new EverwireError(
      'forbidden-origin',
      `pages of ${verdict.origin.slice(0, 200)} may not connect: add it to the option "origins"`,
    )
  }
  if (verdict.kind === 'own') return
  exchange.setHeader('access-control-allow-origin', verdict.origin)
  if (verdict.credentials) exchange.setHeader('access-control-allow-credentials', 'true')
  exchange.setHeader('access-control-expose-headers', 'Retry-After')
}

/** Answers OPTIONS, be it a preflight or a question. The origin has been admitted. */
export function answerOptions(exchange: Exchange, methods: readonly string[]): void {
  const allow = methods.join(', ')
  const preflight = exchange.headers['access-control-request-method'] !== undefined
  exchange.answer(
    204,
    preflight
      ? {
          'access-control-allow-methods': allow,
          'access-control-allow-headers': allowedHeaders,
          'access-control-max-age': preflightSeconds,
        }
      : { allow },
    '',
  )
}
