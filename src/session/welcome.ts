import type { WelcomeMessage } from '../protocol/messages.ts'
import type { Principal } from './guard.ts'
import type { Services } from './services.ts'

type Told = Pick<Services, 'hub' | 'heartbeatMs' | 'limits' | 'now'>

/** By server: what those are told who may stay for as long as they like. */
const lasting = new WeakMap<Told, WelcomeMessage>()

/** What a connection is told first (PROTOCOL.md section 5); the same object wherever it says the same. */
export function welcomeOf(services: Told, principal: Principal): WelcomeMessage {
  let welcome = lasting.get(services)
  if (!welcome) lasting.set(services, (welcome = lastingOf(services)))
  if (principal.expiresAt === undefined) return welcome
  return { ...welcome, ...expiryOf(principal, services.now()) }
}

function lastingOf({ hub, heartbeatMs, limits }: Told): WelcomeMessage {
  const { messageBytes, batch, channels } = limits
  const { dedupeMs } = hub.log
  return { type: 'welcome', protocol: 1, heartbeatMs, dedupeMs, limits: { messageBytes, batch, channels } }
}

/** How long a principal is still known; nothing where that does not end. */
export function expiryOf({ expiresAt }: Principal, now: number): { readonly expiresInMs?: number } {
  return expiresAt === undefined ? {} : { expiresInMs: Math.max(0, expiresAt - now) }
}
