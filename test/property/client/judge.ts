import { sequenceOf } from '../../../src/protocol/position.ts'
import type { Gap, Message } from '../../../src/client/types.ts'
import type { SimServer } from './server.ts'

/** Judges what one listener gets: every message once, in order, or a gap that covers what is missing. */
export class Reader {
  readonly #server: SimServer
  readonly #channel: string
  #at: number
  received = 0
  gaps = 0

  constructor(server: SimServer, channel: string, after: number) {
    this.#server = server
    this.#channel = channel
    this.#at = after
  }

  message({ id = '', data }: Message): void {
    const seq = sequenceOf(id)
    if (seq <= this.#at) throw new Error(`${this.#channel}: ${id} came again, or late, after ${this.#at}`)
    this.#complete(seq - 1)
    const entry = this.#server.log[seq - 1]
    if (JSON.stringify(entry?.data) !== JSON.stringify(data)) throw new Error(`${id} came with other data`)
    this.#at = seq
    this.received++
  }

  gap({ id = '', reason, after }: Gap): void {
    this.gaps++
    if (reason !== 'expired')
      throw new Error(`${this.#channel}: a gap "${reason}" that nothing brought about`)
    if (sequenceOf(after) > this.#at) this.#complete(sequenceOf(after))
    this.#at = Math.max(this.#at, sequenceOf(id))
  }

  /** Everything has been received. */
  finish(): void {
    this.#complete(this.#server.head)
  }

  #complete(through: number): void {
    const lost = this.#server.log.find(
      ({ channel, seq }) => channel === this.#channel && seq > this.#at && seq <= through,
    )
    if (lost)
      throw new Error(`${this.#channel}: ${lost.seq} is missing after ${this.#at}, and nobody said so`)
  }
}
