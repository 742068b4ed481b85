/**
 * What one client may ask of the server: one module, the same on every transport (RELIABILITY.md, "Limits").
 * Past a limit there is a clear error, and nothing is lost.
 */
export interface Limits {
  /** A message's data, in bytes, inflated. */
  readonly messageBytes: number
  /** Entries of a batch. */
  readonly batch: number
  /** Channels of a connection. */
  readonly channels: number
  /** Unsent bytes of a socket, past which its cursors stand still. */
  readonly unsentBytes: number
  /** A socket of which no byte has left for this long, though bytes wait, is closed with `slow-reader`. */
  readonly stallMs: number
  /** Commands of a WebSocket under way at once, past which nothing more is read from it. */
  readonly pendingCommands: number
  /** Fragments of one WebSocket message. */
  readonly fragments: number
  readonly headersMs: number
  readonly requestMs: number
  readonly authenticationMs: number
  /** The longest hold of a poll. */
  readonly pollMs: number
  /** A stream is ended cleanly after about this long, so that a peer that died silently is not kept for ever. */
  readonly streamMs: number
  /** A server that closes ends its connections over at most this long: up to 100 at once, then 5,000 a second or more. */
  readonly drainMs: number
  /** The longest request target of a GET. */
  readonly targetBytes: number
}

export const defaultLimits: Limits = {
  messageBytes: 64 * 1024,
  batch: 100,
  channels: 128,
  unsentBytes: 64 * 1024,
  stallMs: 30_000,
  pendingCommands: 64,
  fragments: 1_024,
  headersMs: 10_000,
  requestMs: 30_000,
  authenticationMs: 10_000,
  pollMs: 60_000,
  streamMs: 10 * 60_000,
  drainMs: 5_000,
  targetBytes: 4 * 1024,
}
