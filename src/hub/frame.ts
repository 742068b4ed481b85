import type { Data, Entry } from '../log/log.ts'
import type { Lineage } from '../log/lineage.ts'
import type { Outgoing, WireFormat } from './format.ts'

/** One message and its bytes, made at most once per wire format and shared by every reader. */
export class Frame {
  readonly seq: number
  readonly message: Outgoing
  /** `keep: 'latest'`: a newer value of the slot has come; readers skip this one. */
  superseded = false
  // Nearly always one format is asked for. Frames live long enough to be copied by the collector: every byte counts.
  #format: WireFormat | undefined
  #bytes: Uint8Array | undefined
  #others: Map<WireFormat, Uint8Array> | undefined

  constructor(seq: number, message: Outgoing) {
    this.seq = seq
    this.message = message
  }

  /** Its bytes for somebody who is alone: nobody else will ask, so they are not held. */
  bytesOnce(format: WireFormat): Uint8Array {
    return this.#format === format && this.#bytes ? this.#bytes : format.message(this.message)
  }

  // Hot path: once per message per reader.
  bytes(format: WireFormat): Uint8Array {
    if (this.#format === format && this.#bytes) return this.#bytes
    const known = this.#others?.get(format)
    if (known) return known
    const bytes = format.message(this.message)
    if (this.#format === undefined) {
      this.#format = format
      this.#bytes = bytes
    } else (this.#others ??= new Map()).set(format, bytes)
    return bytes
  }

  /** What this frame costs in memory: its data, roughly. */
  get size(): number {
    return this.message.data.length + 200
  }
}

/** A stored entry as a frame. */
export function frameOf(entry: Entry, lineage: Lineage): Frame {
  return new Frame(entry.seq, new StoredMessage(entry, lineage))
}

/** An entry on its way out; its ids are text only while it is written, not as long as it is held. */
class StoredMessage implements Outgoing {
  readonly #entry: Entry
  readonly #lineage: Lineage

  constructor(entry: Entry, lineage: Lineage) {
    this.#entry = entry
    this.#lineage = lineage
  }

  get channel(): string {
    return this.#entry.channel
  }

  get id(): string {
    return this.#lineage.idOf(this.#entry.seq)
  }

  get event(): string {
    return this.#entry.event
  }

  get data(): Data {
    return this.#entry.data
  }

  get time(): number {
    return this.#entry.time
  }

  get previous(): string | undefined {
    const { previous } = this.#entry
    return previous === undefined ? undefined : previous === 0 ? '0' : this.#lineage.idOf(previous)
  }

  get slot(): string | undefined {
    return this.#entry.slot
  }

  get removed(): boolean {
    return this.#entry.removed
  }
}
