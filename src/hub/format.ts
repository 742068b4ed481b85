import type { Data } from '../log/log.ts'
import type { GapMessage, SnapshotMessage } from '../protocol/messages.ts'

/** A message on its way out, before a wire format has been chosen. */
export interface Outgoing {
  readonly channel: string
  /** Undefined for signals. */
  readonly id: string | undefined
  readonly event: string
  readonly data: Data
  readonly time: number
  readonly previous: string | undefined
  readonly slot: string | undefined
  readonly removed: boolean
}

/**
 * How one kind of wire writes what a stream carries: bytes that are ready for the socket. Formats are made once
 * at start, not per connection: everything with the same format shares the bytes.
 */
export interface WireFormat {
  readonly name: string
  message(message: Outgoing): Uint8Array
  /**
   * Where an id on the wire is the stream's position: the same message under another id than its own. Formats
   * whose streams have one channel or no id on messages leave it out.
   */
  messageAt?(message: Outgoing, position: string): Uint8Array
  /** Several messages of this format as one write; without it they are simply put one after the other. */
  join?(parts: readonly Uint8Array[]): Uint8Array
  gap(gap: GapMessage): Uint8Array
  snapshot(snapshot: SnapshotMessage): Uint8Array
  position(id: string): Uint8Array
}
