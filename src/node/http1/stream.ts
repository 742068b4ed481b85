import type { StreamLink, StreamPeer } from '../../server/exchange.ts'
import { StreamWriter } from '../stream-writer.ts'
import type { Serving } from './front.ts'

/** RFC 9112, 7.1. */
const lastChunk = Buffer.from('0\r\n\r\n')

/** An answer that is streamed in chunks, which whoever sends has framed. */
export class Http1Stream extends StreamWriter implements StreamLink {
  readonly framing = 'chunked'
  readonly #connection: Serving

  constructor(connection: Serving) {
    super(connection.socket, connection.front.around.limits.unsentBytes, connection.front.around.clock)
    this.#connection = connection
  }

  override listen(peer: StreamPeer): void {
    super.listen(peer)
    this.#connection.served(this)
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
