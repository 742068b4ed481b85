import type { ErrorCode } from './codes.ts'

/** JSON as it is on the wire. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What a client says over a WebSocket (PROTOCOL.md section 4); the HTTP routes take the same bodies. */
export type ClientMessage =
  | SubscribeMessage
  | { readonly type: 'unsubscribe'; readonly channel: string; readonly ref?: Ref }
  | PublishMessage
  | RequestMessage
  | PresenceMessage
  | { readonly type: 'auth'; readonly token: string; readonly ref?: Ref }
  | { readonly type: 'ping'; readonly ref?: Ref }

/** Echoed in the answer, so that a client can match the two. */
export type Ref = string | number

export interface SubscribeMessage extends Start {
  readonly type: 'subscribe'
  readonly channel: string
  readonly ref?: Ref
}

/** Where a subscription starts: at a position, at the earliest kept message, now, or some messages back. */
export interface Start {
  /** A position, `"earliest"` or `"now"`. */
  readonly after?: string
  /** Starts this many messages back; `after` and `last` exclude each other. */
  readonly last?: number
}

export interface PublishMessage extends Publication {
  readonly type: 'publish'
  readonly ref?: Ref
  /** The `ref` of the last publish before it that is not answered: none of those is to be overtaken. */
  readonly behind?: Ref | undefined
}

export interface Publication {
  readonly channel: string
  /** Default `message`. */
  readonly event?: string | undefined
  /** JSON, or bytes (base64 with `encoding` where the wire is text). */
  readonly data: unknown
  /** Makes a retry take effect once within the window that `welcome` states. */
  readonly key?: string | undefined
  /** `keep: 'latest'`: which value this replaces. Default `""`, one slot for the channel. */
  readonly slot?: string | undefined
  /** `keep: 'latest'`: the slot is removed; `data` is null. */
  readonly removed?: boolean
}

export interface RequestMessage {
  readonly type: 'request'
  readonly channel: string
  readonly event: string
  readonly data: unknown
  readonly ref: Ref
}

export interface PresenceMessage {
  readonly type: 'presence'
  readonly channel: string
  readonly action: 'enter' | 'update' | 'leave'
  readonly data?: unknown
  readonly ref?: Ref
}

/** What a server says (PROTOCOL.md section 5). SSE and polls carry the same shapes. */
export type ServerMessage =
  | WelcomeMessage
  | { readonly type: 'subscribed'; readonly channel: string; readonly id?: string; readonly ref?: Ref }
  | { readonly type: 'unsubscribed'; readonly channel: string; readonly ref?: Ref }
  | ChannelMessage
  | GapMessage
  | SnapshotMessage
  | { readonly type: 'position'; readonly id: string }
  | { readonly type: 'published'; readonly id?: string; readonly duplicate: boolean; readonly ref?: Ref }
  | { readonly type: 'response'; readonly ref: Ref; readonly data: unknown }
  | { readonly type: 'done'; readonly ref?: Ref; readonly expiresInMs?: number }
  | ErrorMessage
  | { readonly type: 'ping'; readonly ref?: Ref }

export interface WelcomeMessage {
  readonly type: 'welcome'
  readonly protocol: 1
  /** Silence of twice this long means that the connection is dead. */
  readonly heartbeatMs: number
  /** How long a publish key is remembered. */
  readonly dedupeMs: number
  readonly limits: WireLimits
  /** After so long the token is refused and the connection ended; absent: it does not expire, or is still to come. */
  readonly expiresInMs?: number
}

export interface WireLimits {
  readonly messageBytes: number
  readonly batch: number
  readonly channels: number
}

export interface ChannelMessage {
  readonly type: 'message'
  readonly channel: string
  /** Absent on signals (`keep: 'none'`), which have no position. */
  readonly id?: string
  readonly event: string
  readonly data: unknown
  /** Milliseconds since the Unix epoch, the server's clock. */
  readonly time: number
  /** `keep: 'all'`: id of the nearest earlier message ever appended to the channel; `"0"`: there was none. */
  readonly previous?: string
  readonly slot?: string
  readonly removed?: true
  /** `data` is base64 of bytes. */
  readonly encoding?: 'base64'
}

export type GapReason =
  | 'expired' // retention removed messages that the reader had not got
  | 'snapshot' // keep: 'latest': removals were forgotten; the whole snapshot follows
  | 'rolled-back' // the position lies beyond what this log still has of that epoch
  | 'tail-unproved' // the log was reopened without proof that its tail was whole
  | 'other-log' // the position belongs to another log
  | 'rights' // the reader was not entitled to a part

export interface GapMessage {
  readonly type: 'gap'
  readonly channel: string
  /** The position from which continuity was asked. */
  readonly after: string
  /** Id of the oldest message still kept, from which delivery goes on; absent when none is. */
  readonly oldest?: string
  /** Id of the channel's newest message; absent when there is none. */
  readonly head?: string
  readonly reason: GapReason
  /** The stream's position: covers the gap. Never `oldest`. Absent when another gap of the stream follows at once. */
  readonly id?: string
}

export interface SnapshotMessage {
  readonly type: 'snapshot'
  readonly channel: string
  /** `begin`: clear what you hold of the channel. `end`: it is whole. */
  readonly phase: 'begin' | 'end'
  readonly id?: string
}

export interface ErrorMessage {
  readonly type: 'error'
  readonly code: ErrorCode
  readonly message: string
  readonly ref?: Ref
  readonly channel?: string
}

/** Answer of `GET /wire/poll`. */
export interface PollAnswer {
  readonly messages: readonly ChannelMessage[]
  readonly gaps: readonly GapMessage[]
  readonly snapshots: readonly SnapshotMessage[]
  /** What to send as `after` next. */
  readonly id: string
  /** As in `welcome`. */
  readonly expiresInMs?: number
}

/** Answer of `GET /wire/history`. */
export interface HistoryAnswer {
  readonly messages: readonly ChannelMessage[]
  /** Whether more messages lie beyond this page, in the order asked for. */
  readonly more: boolean
}

/** Answer of `POST /wire/publish`, one for each entry. A signal has no id. */
export interface PublishAnswer {
  readonly id?: string
  readonly duplicate: boolean
}
