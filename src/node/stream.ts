import type { StreamLink, StreamPeer } from '../server/exchange.ts'
import type { Clock } from '../server/kernel.ts'
import type { Limits } from '../session/limits.ts'
import type { NodeResponse } from './request.ts'
import { cutWhenStuck } from './stuck.ts'
import { StreamWriter } from './stream-writer.ts'

/**
 * A streamed answer. With `chunked` framing the sender frames the chunks (RFC 9112, 7.1) and they go to the socket
 * beneath the response, so that middleware between the two neither holds them back nor frames them again. Otherwise
 * Node frames: HTTP/2 by frames, HTTP/1.0 by the end of the connection.
 */
export class ResponseLink extends StreamWriter implements StreamLink {
  readonly framing: 'chunked' | 'plain'
  readonly #response: NodeResponse
  readonly #stallMs: number

  /** The head of `response` has been sent. */
  constructor(response: NodeResponse, limits: Limits, clock: Clock) {
    const http1 = 'assignSocket' in response
    // A pipelined request has no socket of its own yet.
    const socket = http1 && response.chunkedEncoding ? response.socket : null
    super(socket ?? (http1 ? response : response.stream), limits.unsentBytes, clock)
    this.#response = response
    this.#stallMs = limits.stallMs
    this.framing = socket ? 'chunked' : 'plain'
    const linked = response as LinkedResponse
    linked[linkOf] = this
    linked.on('close', onClose)
  }

  override listen(peer: StreamPeer): void {
    super.listen(peer)
    // Whoever has gone before is not told of by an event any more.
    if (hasGone(this.#response)) queueMicrotask(() => this.gone())
  }

  end(): void {
    this.finish()
    // Node writes the last chunk, and goes on with the connection.
    this.#response.end()
    cutWhenStuck(this.#response, this.#stallMs)
  }

  destroy(): void {
    this.drop()
    if ('assignSocket' in this.#response) this.#response.destroy()
    else this.#response.stream.close()
  }
}

const linkOf = Symbol('link')

/** A listener finds the link on the response: so it is the same for all. */
type LinkedResponse = NodeResponse & { [linkOf]: ResponseLink }

function onClose(this: LinkedResponse): void {
  this[linkOf].gone()
}

/** Whether nothing of the response reaches anybody any more. */
export function hasGone(response: NodeResponse): boolean {
  return 'assignSocket' in response ? response.destroyed : response.stream.destroyed
}
