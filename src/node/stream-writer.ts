import type { StreamPeer } from '../server/exchange.ts'
import { Writer } from './writer.ts'

/** Writes a streamed answer, and tells who stands behind it. */
export abstract class StreamWriter extends Writer {
  #peer: StreamPeer | undefined

  listen(peer: StreamPeer): void {
    this.#peer = peer
  }

  protected override drained(): void {
    this.#peer?.drained()
  }

  gone(): void {
    this.drop()
    const peer = this.#peer
    this.#peer = undefined
    peer?.closed()
  }
}
