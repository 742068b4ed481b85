import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'

/** Whether this server is ready for work. */
export type Health = 'ok' | 'starting' | 'draining' | 'store-unavailable'

/** `GET /healthz` (PROTOCOL.md 8.7). */
export function serveHealth(health: Health, exchange: Exchange): void {
  answerJson(exchange, health === 'ok' ? 200 : 503, { status: health })
}
