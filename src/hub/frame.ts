import type { Data, Entry } from '../log/log.ts'
import type { Lineage } from '../log/lineage.ts'
import type { Outgoing, WireFormat } from './format.ts'

/** The bytes of a frame in one format; nearly always one is asked for. */
interface Made {
  readonly format: WireFormat
  readonly bytes: Uint8Array
  readonly next: Made | undefined
}

/**
 * An entry on its way out, and its bytes, made at most once per wire format and shared by every reader. Frames live
 * long enough to be copied by the collector, so every byte counts: an id is text only while it is written.
 */
export class Frame implements Outgoing {
  /** 0: a signal, which no log has. */
  readonly seq: number
  /** `keep: 'latest'`: a newer value of the slot has come; readers skip this one. */
  superseded = false
  readonly #entry: Entry
  readonly #lineage: Lineage
  #made: Made | undefined

  constructor(entry: Entry, lineage: Lineage) {
    this.seq = entry.seq
    this.#entry = entry
    this.#lineage = lineage
  }

  get channel(): string {
    return this.#entry.channel
  }

  get id(): string | undefined {
    return this.seq === 0 ? undefined : this.#lineage.idOf(this.seq)
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

  /** Its bytes for somebody who is alone: nobody else will ask, so they are not held. */
  bytesOnce(format: WireFormat): Uint8Array {
    return this.#known(format) ?? format.message(this)
  }

  // Hot path: once per message per reader.
  bytes(format: WireFormat): Uint8Array {
    const known = this.#known(format)
    if (known) return known
    const bytes = format.message(this)
    this.#made = { format, bytes, next: this.#made }
    return bytes
  }

  /** What this frame costs in memory: its data, roughly. */
  get size(): number {
    return this.#entry.data.length + 200
  }

  #known(format: WireFormat): Uint8Array | undefined {
    for (let made = this.#made; made; made = made.next) if (made.format === format) return made.bytes
    return undefined
  }
}
