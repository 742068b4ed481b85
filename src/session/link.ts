import type { Link } from '../hub/outlet.ts'

/** A WebSocket as a link; what it sends are RFC 6455 frames that are ready for the socket. */
export interface SocketLink extends Link {
  /** Whether permessage-deflate was negotiated. */
  readonly deflate: boolean
  /** Bytes taken from the peer so far, pongs included: while it grows, the peer lives. */
  readonly received: number
  /** Bytes handed to `send` so far. */
  readonly sent: number
  /** Milliseconds since a byte last left while bytes were waiting; 0 when none waits. */
  readonly stalledMs: number
  /** Names who is told of what happens. Called once, before anything comes in. */
  listen(peer: SocketPeer): void
  /** Stops and goes on taking in what the peer sends; what had been taken in already may still be told. */
  pause(): void
  resume(): void
  /** Sends what waits and a close frame, then ends; the peer gets the time that the socket's limits give. */
  close(code: number, reason: string): void
  /** Ends at once, whatever waits. */
  destroy(): void
}

/** What stands behind a WebSocket. */
export interface SocketPeer {
  /** A whole message: text, or the bytes of a binary one, which are the peer's to keep. */
  received(data: string | Uint8Array): void
  /** `room` has become positive again. */
  drained(): void
  /** Nothing is received or sent any more. Told once. */
  closed(): void
}
