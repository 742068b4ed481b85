import type { Link } from '../hub/outlet.ts'
import type { Asking } from '../session/guard.ts'
import type { SocketLink } from '../session/link.ts'

/** The way to answer one HTTP request. */
export interface Reply {
  /** The whole answer at once. Headers that every answer has (CORS) are added by `setHeader` before. */
  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void
}

/** Who answers a request later. */
export interface Held {
  /** The peer has gone, or the answer is complete: told once, never within `hold`. */
  gone(): void
}

/** One HTTP request and the way to answer it, without Node's objects: what `src/node` makes for `src/server`. */
export interface Exchange extends Asking, Reply {
  readonly method: string
  /** Below the base path, without the query: `/sse`. */
  readonly path: string
  /** The whole request target as it was sent. */
  readonly target: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  /** The body as bytes; throws `too-large` past `limit`, `timeout` when it does not come. */
  body(limit: number): Promise<Uint8Array>
  /** The way to answer it later, for whoever is told when that is over: who waits keeps this, and not the request. */
  hold(held: Held): Reply
  setHeader(name: string, value: string): void
  /** Begins a streamed answer; its head leaves at once. */
  stream(status: number, headers: Readonly<Record<string, string>>): StreamLink
  /**
   * Completes a WebSocket handshake; undefined when the request is none, in which case `answer` is the only way. Answers
   * undefined itself when the peer has gone, or when what it sent is no handshake, which it was then told.
   */
  readonly upgrade: (() => SocketLink | undefined) | undefined
}

/** A streamed answer as a link. */
export interface StreamLink extends Link {
  /**
   * How the bytes of this stream are framed below the application: `chunked` when the sender frames every piece
   * itself as an HTTP/1.1 chunk (RFC 9112, 7.1), so that framed bytes can be shared by all readers; `plain` otherwise.
   */
  readonly framing: 'chunked' | 'plain'
  /** Names who is told of what happens. Called once, if at all. */
  listen(peer: StreamPeer): void
  /** Milliseconds since a byte last left while bytes were waiting; 0 when none waits. */
  readonly stalledMs: number
  /** Bytes handed to `send` so far. */
  readonly sent: number
  /** Ends the answer, with the last chunk where it is chunked, after what has been sent; `destroy` does not wait for it to leave. */
  end(): void
  destroy(): void
}

/** What stands behind a streamed answer. */
export interface StreamPeer {
  /** `room` has become positive again. */
  drained(): void
  /** The peer has gone, or the answer is complete. Told once. */
  closed(): void
}
