import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Ending } from '../../client/transports/transport.ts'
import type { ServerMessage } from '../../protocol/messages.ts'

/** Where a subscriber asks. */
export interface Target {
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly channel: string
  /** Where to go on; absent: from now on. */
  readonly after: string | undefined
}

/** What a connection tells, until it is closed or cut. */
export interface Handlers {
  /** The server serves the channel from here on. Once. */
  opened(position: string | undefined): void
  /** `position`: where the stream stands after it. */
  received(message: ServerMessage, position: string | undefined): void
  /** Once, and the last. */
  ended(ending: Ending): void
}

/** One connection of a subscriber, from its dialling to its end. It tells nothing after `close`. */
export interface Connection {
  readonly meter: Meter
  /** Resets it (RST), as a network does. */
  cut(): void
  close(): void
}

export type Dial = (to: Target, handlers: Handlers) => Connection

/** What a subscriber waits at most until it is served. */
export const openMs = 10_000

/** Bytes that went over a connection's sockets, and those of them that were messages. */
export class Meter {
  readonly #sockets = new Set<Socket>()
  /** Bytes of text that the wire's framing carried: frames' payloads, event streams, answers' bodies. */
  text = 0

  get socket(): Socket | undefined {
    return [...this.#sockets].at(-1)
  }

  add(socket: Socket): void {
    this.#sockets.add(socket)
  }

  read(): Traffic {
    let [received, sent] = [0, 0]
    for (const socket of this.#sockets) {
      received += socket.bytesRead
      sent += socket.bytesWritten
    }
    return { received, sent, text: this.text }
  }
}

export interface Traffic {
  readonly received: number
  readonly sent: number
  readonly text: number
}

/** Resets the connection; TLS has no reset of its own and is ended without its goodbye. */
export function reset(socket: Socket | undefined): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket?.resetAndDestroy()
}
