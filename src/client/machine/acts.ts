import type { Standings } from '../chooser.ts'
import type { PageEvent } from '../page.ts'
import type { Ending, TransportName } from '../transports/transport.ts'

export interface Settings {
  readonly transports: readonly TransportName[]
  readonly endpoints: number
  /** Rounds of attempts that may fail in a row. */
  readonly maxAttempts: number
  /** Whether a new token can be had when one is refused. */
  readonly refreshable: boolean
}

/** What the machine has to know of an attempt or connection. */
export interface Attempt {
  readonly transport: TransportName
  /** When something has come last; when it was begun, before there was anything. */
  readonly heardAt: number
}

/** `opening`: of the line that is coming, or until the next attempt to have one beside the one that lives. */
export type Timer = 'opening' | 'retry' | 'silence' | 'trust' | 'probe' | 'doubt' | 'upgrade'

/** What has happened. What comes from a line that is neither coming nor alive is ignored. */
export type Event<Line> =
  | LineEvent<Line>
  | readonly [PageEvent | 'close']
  | readonly ['timer', Timer]
  /** Another set of channels is wanted of a fixed connection. */
  | readonly ['restream']
  /** An answer is owed for too long. */
  | readonly ['stalled']

export type LineEvent<Line> =
  /** The line has begun to open, with whatever token it takes. */
  | readonly ['dialled', Line]
  /** Its path is open; the server has not spoken. */
  | readonly ['head', Line]
  | readonly ['opened', Line, heartbeatMs: number]
  /** The first bytes after `opened`, or the answer to the last `ping`: bytes alone may have been on their way before. */
  | readonly ['alive', Line]
  | readonly ['ended', Line, Ending]

/** What the machine does. */
export interface Acts<Line> {
  /** Begins an attempt; nothing is told of it before this has returned. */
  open(transport: TransportName, endpoint: number): Line
  shut(line: Line): void
  /** The line carries everything from now on. */
  adopt(line: Line): void
  /** What carried everything is gone. */
  lost(line: Line): void
  ping(line: Line): void
  arm(timer: Timer, ms: number): void
  /** Undefined: all of them. */
  disarm(timer?: Timer): void
  switched(transport: TransportName, reason: string): void
  /** The last that is heard: nothing is tried any more. */
  over(ending: Ending, denied: boolean): void
  changed(state: WireState): void
}

/** The world as the machine needs it. */
export interface World {
  /** Milliseconds. */
  now(): number
  /** From 0 to 1. */
  random(): number
  recall?(): Standings
  remember?(standings: Standings): void
}

/** What the application sees. */
export type WireState = 'connecting' | 'live' | 'recovered' | 'reconnecting' | 'offline' | 'denied' | 'closed'
