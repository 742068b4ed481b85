import type { StreamLink } from '../server/exchange.ts'
import type { Clock } from '../server/kernel.ts'
import type { Limits } from '../session/limits.ts'
import type { NodeResponse } from './request.ts'
import { cutWhenStuck } from './stuck.ts'
import { Writer } from './writer.ts'

/**
 * A streamed answer. With `chunked` framing the sender frames the chunks (RFC 9112, 7.1) and they go to the socket
 * beneath the response, so that middleware between the two neither holds them back nor frames them again. Otherwise
 * Node frames: HTTP/2 by frames, HTTP/1.0 by the end of the connection.
 */
export class ResponseLink extends Writer implements StreamLink {
  readonly framing: 'chunked' | 'plain'
  onDrained: () => void = nothing
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
    response.once('close', () => this.drop())
  }

  protected override drained(): void {
    this.onDrained()
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

function nothing(): void {}
