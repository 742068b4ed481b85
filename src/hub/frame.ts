import type { Entry } from '../log/log.ts'
import type { Lineage } from '../log/lineage.ts'
import type { Outgoing, WireFormat } from './format.ts'

/** One message and its bytes, made at most once per wire format and shared by every reader. */
export class Frame {
  readonly seq: number
  readonly message: Outgoing
  /** `keep: 'latest'`: a newer value of the slot has come; readers skip this one. */
  superseded = false
  readonly #bytes: (Uint8Array | undefined)[] = []

  constructor(seq: number, message: Outgoing) {
    this.seq = seq
    this.message = message
  }

  // Hot path: once per message per reader.
  bytes(format: WireFormat): Uint8Array {
    return (this.#bytes[format.slot] ??= format.message(this.message))
  }

  /** What this frame costs in memory: its data, roughly. */
  get size(): number {
    return this.message.data.length + 200
  }
}

/** A stored entry as a frame. */
export function frameOf(entry: Entry, lineage: Lineage): Frame {
  return new Frame(entry.seq, {
    channel: entry.channel,
    id: lineage.idOf(entry.seq),
    event: entry.event,
    data: entry.data,
    time: entry.time,
    previous:
      entry.previous === undefined ? undefined : entry.previous === 0 ? '0' : lineage.idOf(entry.previous),
    slot: entry.slot,
    removed: entry.removed,
  })
}
