import type { Hub } from '../hub/hub.ts'
import type { ErrorCode, EverwireError } from '../protocol/codes.ts'
import type { Border } from '../session/border.ts'
import type { Guard, Principal } from '../session/guard.ts'
import type { Limits } from '../session/limits.ts'
import type { Presence } from '../session/presence.ts'
import type { Publisher } from '../session/publisher.ts'
import type { Place } from '../session/place.ts'
import { draining } from '../session/refusal.ts'
import type { Waits } from '../session/waits.ts'
import type { Tickets } from './tickets.ts'

/** What every transport of one server shares. */
export interface Kernel {
  readonly hub: Hub
  readonly guard: Guard
  readonly publisher: Publisher
  readonly border: Border
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly compression: boolean
  /** `retry:` of event streams. */
  readonly retryMs: number
  readonly now: () => number
  readonly clock: Clock
  /** How long polls wait. */
  readonly waits: Waits
  /** Answers a request of a client (`wire.handle`), whose right is known. Throws `no-handler`, `handler-failed`, `timeout`. */
  readonly handle: (principal: Principal, channel: string, event: string, data: unknown) => Promise<unknown>
  readonly presence: Presence
  readonly tickets: Tickets
  /** Counts a refusal, on whatever wire it was told. */
  readonly refused: (code: ErrorCode) => void
  /** Whether this server takes no more work: `draining` answers whatever is new. */
  readonly draining: boolean
  /** Told of faults that nobody waits for. */
  readonly report: (error: unknown) => void
  /** Live connections, so that a drain finds them. */
  readonly connections: LiveConnections
}

/** Throws `draining` on a server that is going away: to be asked right before something that lasts is begun. */
export function assertServing(kernel: Pick<Kernel, 'draining'>): void {
  if (kernel.draining) throw draining()
}

/** In the order in which they came; what a round over them does with those who come and go meanwhile is as with a set. */
export interface LiveConnections extends Iterable<Connection> {
  readonly size: number
  add(connection: Connection): unknown
  delete(connection: Connection): unknown
  values(): Iterator<Connection>
}

/** A live connection, whatever its wire. */
export interface Connection {
  readonly principal: Principal
  /** Among the live ones. */
  place?: Place<Connection> | undefined
  /** Called about every `heartbeatMs / 4`: sends heartbeats and quiet positions, ends what is dead, stalled or overdue. */
  tick(now: number): void
  /** Ends the connection in the way from which its kind of client comes back, once it has answered what it has begun. */
  drain(): void
  /** Tells the client why and ends the connection: its rights were withdrawn, say. */
  end(error: EverwireError): void
}

/** Measures how long something lasts, by a clock that nobody sets; what the time is, `now` says. */
export interface Clock {
  /** Milliseconds since some moment before. */
  elapsed(): number
  /** A one-shot timer that does not keep the process alive; returns its own cancel. */
  later(ms: number, run: () => void): () => void
}
