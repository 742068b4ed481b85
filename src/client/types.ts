import type { Contract } from '../contract/types.ts'
import type {
  ChannelMessage,
  GapMessage,
  GapReason,
  PublishAnswer,
  SnapshotMessage,
} from '../protocol/messages.ts'
import type { ClientError } from './errors.ts'
import type { EverwireError } from '../protocol/codes.ts'
import type { WireState } from './machine/acts.ts'
import type { TransportName } from './transports/transport.ts'

/** Nothing is known of the data: every channel, any event. */
export type AnyContract = Contract

export interface ConnectOptions {
  /** The ways to be tried, by preference; one entry forces it. Default: WebSocket, SSE, poll. */
  readonly transports?: readonly TransportName[]
  /** Says who we are; a function is asked for each connection, and for a new one before it expires. */
  readonly token?: string | (() => string | Promise<string>)
  /** Whether cookies go along to another origin. Default: the platform's. */
  readonly credentials?: RequestCredentials
  /** Sent with every HTTP request; a WebSocket cannot send headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Rounds of attempts that may fail in a row before the wire gives up. Default: no end. */
  readonly maxAttempts?: number
  /** How many publishes may wait. Default: 1,000. */
  readonly outbox?: { readonly limit?: number }
}

/** Where a channel begins when it is first subscribed; `after` and `last` exclude each other. Default: now. */
export interface ChannelStart {
  /** A position, `'earliest'` or `'now'`. */
  readonly after?: string
  /** This many messages back. */
  readonly last?: number
}

/** A message; `data` is a Uint8Array where bytes were published. */
export interface Message<Data = unknown> extends Omit<ChannelMessage, 'encoding' | 'data'> {
  readonly data: Data
}

/**
 * Messages may be missing between `after` and `id`: read the state anew. `unproved`: the server did not say so, but a
 * message came that does not follow the one before it, twice.
 */
export interface Gap extends Omit<GapMessage, 'type' | 'reason'> {
  readonly reason: GapReason | 'unproved'
}

/** `begin`: forget what you hold of the channel. `end`: it is whole. */
export type SnapshotMark = Pick<SnapshotMessage, 'phase' | 'id'>

export type ChannelState = 'idle' | 'subscribing' | 'subscribed' | 'denied'

export interface PublishOptions {
  /** Makes a repeat take effect once. Default: a random one of 144 bits. */
  readonly key?: string
  /** `keep: 'latest'`: which value this replaces. */
  readonly slot?: string
  /** `keep: 'latest'`: the slot is removed; data is ignored. */
  readonly removed?: boolean
  /** Repeats even when the server may have forgotten the key; it may then take effect twice. */
  readonly retry?: 'always'
}

/** `id` is missing on signals. `duplicate`: it had taken effect before. */
export type Published = PublishAnswer

export interface HistoryOptions {
  readonly after?: string
  readonly before?: string
  /** 1 to 1,000; default 100. */
  readonly limit?: number
  readonly order?: 'forward' | 'backward'
}

/** Which way was taken, and why: `preferred`, or what became of those before it. */
export interface TransportChange {
  readonly transport: TransportName
  readonly reason: string
}

export interface WireEvents {
  readonly state: WireState
  readonly transport: TransportChange
  /** The wire has ended by itself. */
  readonly error: EverwireError | ClientError
}
