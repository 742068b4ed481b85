import type { StreamLink, StreamPeer } from '../../server/exchange.ts'
import { Writer } from '../writer.ts'
import type { Serving } from './front.ts'

/** RFC 9112, 7.1. */
const lastChunk = Buffer.from('0\r\n\r\n')

/** An answer that is streamed in chunks, which whoever sends has framed. */
export class Http1Stream extends Writer implements StreamLink {
  readonly framing = 'chunked'
  readonly #connection: Serving
  #peer: StreamPeer | undefined

  constructor(connection: Serving) {
    super(connection.socket, connection.front.around.limits.unsentBytes, connection.front.around.clock)
    this.#connection = connection
  }

  listen(peer: StreamPeer): void {
    this.#peer = peer
    this.#connection.served(this)
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

  end(): void {
    this.send(lastChunk)
    this.finish()
    this.#connection.answered()
  }

  destroy(): void {
    this.drop()
    this.#connection.socket.destroy()
  }
}
