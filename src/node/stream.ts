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
export class ResponseLink implements StreamLink {
  readonly framing: 'chunked' | 'plain'
  onDrained: () => void = () => {}
  readonly #response: NodeResponse
  readonly #writer: Writer
  readonly #stallMs: number

  /** The head of `response` has been sent. */
  constructor(response: NodeResponse, limits: Limits, clock: Clock) {
    this.#response = response
    this.#stallMs = limits.stallMs
    const http1 = 'assignSocket' in response
    // A pipelined request has no socket of its own yet.
    const socket = http1 && response.chunkedEncoding ? response.socket : null
    this.framing = socket ? 'chunked' : 'plain'
    const sink = socket ?? (http1 ? response : response.stream)
    this.#writer = new Writer(sink, limits.unsentBytes, clock.elapsed, () => this.onDrained())
    response.once('close', () => this.#writer.drop())
  }

  get room(): number {
    return this.#writer.room
  }

  get sent(): number {
    return this.#writer.sent
  }

  get stalledMs(): number {
    return this.#writer.stalledMs
  }

  send(bytes: Uint8Array): void {
    this.#writer.send(bytes)
  }

  end(): void {
    this.#writer.end()
    // Node writes the last chunk, and goes on with the connection.
    this.#response.end()
    cutWhenStuck(this.#response, this.#stallMs)
  }

  destroy(): void {
    this.#writer.drop()
    if ('assignSocket' in this.#response) this.#response.destroy()
    else this.#response.stream.close()
  }
}
