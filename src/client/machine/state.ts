import type { Standings } from '../chooser.ts'
import type { Ending, TransportName } from '../transports/transport.ts'

export interface Settings {
  readonly transports: readonly TransportName[]
  readonly endpoints: number
  /** Rounds of attempts that may fail in a row. */
  readonly maxAttempts: number
  /** Whether a new token can be had when one is refused. */
  readonly refreshable: boolean
}

/** One attempt or connection. Its number is never used again. */
export interface Line {
  readonly id: number
  readonly transport: TransportName
  readonly endpoint: number
  /** When it was begun. */
  readonly since: number
  /** Its path is open; the server has not spoken. */
  readonly head: boolean
}

interface Shared {
  readonly settings: Settings
  readonly standings: Standings
  /** What has failed in this round. */
  readonly tried: readonly TransportName[]
  /** Rounds that have failed since a connection was last trusted. */
  readonly attempt: number
  readonly endpoint: number
  readonly lines: number
  readonly wasLive: boolean
  /** The last attempt was refused for its token, and a new one was asked for. */
  readonly refreshed: boolean
  /** The platform says that there is no network. */
  readonly offline: boolean
}

export type Waiting = Shared & { readonly phase: 'waiting'; readonly coming: undefined }
export type Opening = Shared & { readonly phase: 'opening'; readonly coming: Line }
export type Live = Shared & {
  readonly phase: 'live'
  readonly line: Line
  readonly heartbeatMs: number
  /** There was one before it. */
  readonly again: boolean
  /** It has lived for `trustMs`. */
  readonly trusted: boolean
  /** Something has come since the first message, or since the last ping. */
  readonly alive: boolean
  /** Being opened to take over. */
  readonly coming: Line | undefined
  /** Another set of channels was asked for, and is still to be tried, perhaps again. */
  readonly restreamOwed: boolean
}
type Over = Shared & { readonly phase: 'denied' | 'closed'; readonly coming: undefined }

export type State = Waiting | Opening | Live | Over

/** What concerns one line; whatever comes from a line that is no longer known is ignored. */
export type LineEvent =
  /** The driver has begun to open it. */
  | { readonly type: 'dialled'; readonly line: number }
  | { readonly type: 'head'; readonly line: number }
  | { readonly type: 'opened'; readonly line: number; readonly heartbeatMs: number }
  /** The first bytes after `opened` or a `ping`. */
  | { readonly type: 'alive'; readonly line: number }
  | { readonly type: 'ended'; readonly line: number; readonly ending: Ending }

export type Event =
  | LineEvent
  | { readonly type: 'start' }
  | { readonly type: 'offline' }
  | { readonly type: 'close' }
  /** The network, or the page, is back. */
  | { readonly type: 'online' }
  | { readonly type: 'shown' }
  /** The page is put to sleep: frozen, or kept for a way back to it. */
  | { readonly type: 'asleep' }
  | { readonly type: 'timer'; readonly timer: Timer }
  /** Another set of channels is wanted of a fixed connection. */
  | { readonly type: 'restream' }
  /** An answer is owed for too long. */
  | { readonly type: 'stalled' }

/** `opening`: of the line that is coming, or until the next attempt to have one beside the one that lives. */
export type Timer = 'opening' | 'retry' | 'silence' | 'trust' | 'probe' | 'doubt' | 'upgrade'

/** What a step has done. Each waits until the step is over, so that none acts on a state that has moved on. */
export interface Acts {
  open(line: Line): void
  shut(line: Line): void
  /** The line carries everything from now on. */
  adopt(line: Line): void
  /** What carried everything is gone. */
  lost(line: Line): void
  ping(line: Line): void
  arm(timer: Timer, ms: number): void
  disarm(timer: Timer): void
  switched(transport: TransportName, reason: string): void
  /** The last that is heard: nothing is tried any more. */
  over(ending: Ending, denied: boolean): void
}

export interface Context {
  /** Milliseconds. */
  readonly now: number
  /** When something has come last. */
  readonly heardAt: number
  /** From 0 to 1. */
  readonly random: () => number
  readonly act: Acts
}

/** What the application sees. */
export type WireState = 'connecting' | 'live' | 'recovered' | 'reconnecting' | 'offline' | 'denied' | 'closed'

export function wireState(state: State): WireState {
  if (state.phase === 'denied' || state.phase === 'closed') return state.phase
  if (state.offline) return 'offline'
  if (state.phase === 'live') return state.again && !state.trusted ? 'recovered' : 'live'
  return state.wasLive ? 'reconnecting' : 'connecting'
}

export function initial(settings: Settings, random: () => number, standings: Standings = {}): State {
  return {
    settings,
    standings,
    tried: [],
    attempt: 0,
    endpoint: Math.floor(random() * settings.endpoints),
    lines: 0,
    wasLive: false,
    refreshed: false,
    offline: false,
    phase: 'waiting',
    coming: undefined,
  }
}
