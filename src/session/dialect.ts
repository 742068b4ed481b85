import type { WireFormat } from '../hub/format.ts'
import type { EverwireError } from '../protocol/codes.ts'
import type { ClientMessage, Ref, ServerMessage } from '../protocol/messages.ts'
import type { Principal } from './guard.ts'

/** What was made of one message of a client. */
export type Heard =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  | { readonly kind: 'refused'; readonly error: EverwireError; readonly ref: Ref | undefined }
  /** It takes time; whatever the client says after it waits. */
  | { readonly kind: 'later'; readonly heard: Promise<readonly Heard[]> }

/** How a WebSocket's client and server understand each other: Everwire's own protocol, or an application's shapes. */
export interface Dialect {
  /** How the messages of channels are written. */
  readonly format: WireFormat
  /** What was said, in order; what could not be understood is among it. Must neither throw nor reject. */
  read(data: string | Uint8Array, speaker: Speaker): readonly Heard[]
  /** Bytes for the socket; none when there is nothing to say. Must not throw. */
  write(message: ServerMessage): Uint8Array
  /** A ping of the protocol beneath (RFC 6455, 5.5.2). */
  readonly ping: Uint8Array
}

/** The client that a dialect reads. */
export interface Speaker {
  readonly principal: Principal
  /** Sends frames that are ready for the socket. */
  send(bytes: Uint8Array): void
  /** Does what the client asks, and answers it. */
  obey(message: ClientMessage): void
  /** Ends the connection with a close code and a reason of at most 123 bytes. */
  close(code: number, reason: string): void
}
