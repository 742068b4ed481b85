import type { Socket } from 'node:net'
import type { SocketLink } from '../../session/link.ts'
import type { Held } from '../../server/exchange.ts'
import type { Waits } from '../../session/waits.ts'
import type { Surroundings, Taker } from '../attach.ts'

/** What the connections of one server share. */
export interface Front {
  readonly taker: Taker
  readonly around: Surroundings
  readonly waits: Waits
  /** How long a connection may take to ask, and to ask again. */
  readonly headersMs: number
  readonly keepAliveMs: number
  /** Gives a connection to node:http, as if it had just come. */
  readonly pass: (socket: Socket) => void
}

/** A connection as the exchange on it sees it. */
export interface Serving {
  readonly socket: Socket
  readonly front: Front
  /** Whether the answer that begins now leaves the connection open for another request. */
  readonly keeps: boolean
  /** Names who is told once, when the peer has gone or the answer is complete; several are told in turn. */
  served(served: Held): void
  /** The connection becomes a WebSocket; undefined when the peer has gone. Throws `bad-message`. */
  upgrade(headers: Readonly<Record<string, string>>): SocketLink | undefined
  /** The answer has been handed to the socket: the connection goes on once it has left, and is cut when nothing leaves. */
  answered(): void
}
