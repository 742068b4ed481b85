import type { WelcomeMessage } from '../protocol/messages.ts'
import type { Principal } from './guard.ts'
import type { Services } from './services.ts'

/** What a connection is told first (PROTOCOL.md section 5). */
export function welcomeOf(
  { hub, heartbeatMs, limits, now }: Pick<Services, 'hub' | 'heartbeatMs' | 'limits' | 'now'>,
  principal: Principal,
): WelcomeMessage {
  const { messageBytes, batch, channels } = limits
  return {
    type: 'welcome',
    protocol: 1,
    heartbeatMs,
    dedupeMs: hub.log.dedupeMs,
    limits: { messageBytes, batch, channels },
    ...expiryOf(principal, now()),
  }
}

/** How long a principal is still known; nothing where that does not end. */
export function expiryOf({ expiresAt }: Principal, now: number): { readonly expiresInMs?: number } {
  return expiresAt === undefined ? {} : { expiresInMs: Math.max(0, expiresAt - now) }
}
