import type { Hub } from '../hub/hub.ts'
import type { ErrorCode } from '../protocol/codes.ts'
import type { Guard, Principal } from './guard.ts'
import type { Limits } from './limits.ts'
import type { Presence } from './presence.ts'
import type { Publisher } from './publisher.ts'

/** What a session needs of the server that it is a part of. */
export interface Services {
  readonly hub: Hub
  readonly guard: Guard
  readonly publisher: Publisher
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly now: () => number
  /** The right to ask is known. Throws `no-handler`, `handler-failed`, `timeout`. */
  readonly handle: (principal: Principal, channel: string, event: string, data: unknown) => Promise<unknown>
  readonly presence: Presence
  /** Nothing new is begun. */
  readonly draining: boolean
  readonly refused: (code: ErrorCode) => void
  readonly report: (error: unknown) => void
  /** Live connections of the server. */
  readonly connections: { add(connection: unknown): unknown; delete(connection: unknown): unknown }
}
