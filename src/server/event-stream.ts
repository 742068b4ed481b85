import { Outlet, type Link, type OutletOwner } from '../hub/outlet.ts'
import type { Reader } from '../hub/reader.ts'
import type { ChannelStart } from '../hub/start.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Principal } from '../session/guard.ts'
import type { Place } from '../session/place.ts'
import { Pulse } from '../session/pulse.ts'
import { draining } from '../session/refusal.ts'
import { welcomeOf } from '../session/welcome.ts'
import type { StreamLink, StreamPeer } from './exchange.ts'
import { streamEnds, type StreamEnds } from './formats/packing.ts'
import { idOf, type SseFormat } from './formats/sse.ts'
import type { Connection, Kernel } from './kernel.ts'
import { aboutMs, retryMs } from './sse-retry.ts'

/** One event stream that has begun: a reader over its channels, and what is said besides. */
export class EventStream implements Connection, Link, StreamPeer, OutletOwner {
  readonly principal: Principal
  place: Place<EventStream> | undefined
  readonly #kernel: Kernel
  readonly #link: StreamLink
  readonly #format: SseFormat
  readonly #ends: StreamEnds
  readonly #outlet: Outlet
  readonly #pulse = new Pulse()
  readonly #namedHeartbeat: boolean
  readonly #endsAt: number
  #reader: Reader | undefined
  #closed = false

  constructor(
    kernel: Kernel,
    link: StreamLink,
    format: SseFormat,
    principal: Principal,
    namedHeartbeat: boolean,
  ) {
    this.principal = principal
    this.#kernel = kernel
    this.#link = link
    this.#format = format
    this.#namedHeartbeat = namedHeartbeat
    this.#ends = streamEnds(format.packing)
    // Spread, so that streams that began together do not end together.
    this.#endsAt = kernel.clock.elapsed() + kernel.limits.streamMs * (0.9 + Math.random() / 5)
    this.#outlet = new Outlet(kernel.hub, this, this)
  }

  get room(): number {
    return this.#link.room
  }

  /** Adds what goes through it to the stream's ends. */
  send(bytes: Uint8Array): void {
    this.#ends.sent(bytes)
    this.#link.send(bytes)
  }

  /** Joins the server's connections, says `connected` and begins. */
  open(starts: readonly ChannelStart[]): void {
    this.#kernel.connections.add(this)
    this.#link.listen(this)
    if (this.#ends.head.length > 0) this.#link.send(this.#ends.head)
    const reader = this.#kernel.hub.subscribe(starts, this.#format, this.#outlet)
    this.#reader = reader
    const welcome = { ...welcomeOf(this.#kernel, this.principal), channels: reader.channels }
    const data = JSON.stringify(welcome)
    const retry = aboutMs(this.#kernel.retryMs)
    this.send(this.#format.event({ event: 'connected', ...idOf({ id: reader.startText() }), retry, data }))
    this.#outlet.ready(reader)
  }

  tick(now: number): void {
    const link = this.#link
    if (now >= (this.principal.expiresAt ?? Infinity)) {
      return this.end(new EverwireError('token-expired', 'the token has expired: come back with a new one'))
    }
    if (link.stalledMs >= this.#kernel.limits.stallMs) {
      this.#kernel.refused('slow-reader')
      link.destroy()
      return this.closed()
    }
    if (this.#kernel.clock.elapsed() >= this.#endsAt) return this.#finish()
    const { beat, silent } = this.#pulse.tick(link.sent)
    if (link.room <= 0 || !(beat || silent)) return
    this.#reader?.tellPosition()
    if (silent) this.send(this.#format.heartbeat())
    if (this.#namedHeartbeat && beat) {
      this.send(
        this.#format.event({ event: 'heartbeat', data: JSON.stringify({ time: this.#kernel.now() }) }),
      )
    }
    this.#pulse.spoke(link.sent)
  }

  drained(): void {
    this.#outlet.drained()
  }

  drain(): void {
    this.end(draining())
  }

  end(error: EverwireError): void {
    if (this.#closed) return
    const { code, message } = error
    this.#kernel.refused(code)
    const data = JSON.stringify({ type: 'error', code, message })
    this.send(this.#format.event({ event: 'error', retry: retryMs(this.#kernel.retryMs, code), data }))
    this.#finish()
  }

  /** The peer has gone, or everything has been said. */
  closed(): void {
    if (this.#closed) return
    this.#closed = true
    this.#outlet.close()
    this.#reader?.close()
    this.#kernel.connections.delete(this)
  }

  #finish(): void {
    const tail = this.#ends.tail()
    if (tail.length > 0) this.#link.send(tail)
    this.#link.end()
    this.closed()
  }

  readFailed(error: unknown): void {
    this.#kernel.report(error)
    this.end(new EverwireError('store-unavailable', 'the log cannot be read for now: come back and resume'))
  }
}
