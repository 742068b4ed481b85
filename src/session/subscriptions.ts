import { Outlet, type OutletOwner } from '../hub/outlet.ts'
import type { Reader } from '../hub/reader.ts'
import type { ChannelStart } from '../hub/start.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { ServerMessage, Start } from '../protocol/messages.ts'
import type { Dialect } from './dialect.ts'
import type { SocketLink } from './link.ts'
import { PerChannel } from './per-channel.ts'
import type { Services } from './services.ts'

/** The channels of one WebSocket: each has a reader and so a position of its own; they take turns at the link. */
export class Subscriptions {
  readonly #services: Services
  readonly #dialect: Dialect
  readonly #outlet: Outlet
  readonly #readers = new PerChannel<Reader>()
  #starting = 0
  #closed = false

  constructor(services: Services, dialect: Dialect, link: SocketLink, owner: OutletOwner) {
    this.#services = services
    this.#dialect = dialect
    this.#outlet = new Outlet(services.hub, link, owner)
  }

  /**
   * Starts a channel; `tell` writes `subscribed` with the id it is given, if any, before the channel's first message. The rights
   * have been checked. Calls for one channel must not overlap. Throws, or rejects, with what refuses it.
   */
  subscribe(channel: string, start: Start, tell: (id: string | undefined) => void): void | Promise<void> {
    if (this.#readers.get(channel)) {
      throw new EverwireError(
        'already-subscribed',
        `this connection has ${channel} already: unsubscribe first`,
      )
    }
    const most = this.#services.limits.channels
    if (this.#readers.size + this.#starting >= most) {
      throw new EverwireError(
        'too-many-channels',
        `a connection has at most ${most} channels: unsubscribe from some, or open another connection`,
      )
    }
    const starts = this.#services.hub.starts([channel], [start])
    if (!(starts instanceof Promise)) return this.#begin(channel, starts, tell)
    this.#starting++
    return starts.finally(() => this.#starting--).then((known) => this.#begin(channel, known, tell))
  }

  #begin(channel: string, starts: readonly ChannelStart[], tell: (id: string | undefined) => void): void {
    if (this.#closed) return
    const reader = this.#services.hub.subscribe(starts, this.#dialect.format, this.#outlet)
    // The name that the channel's readers share.
    const [name = channel] = reader.channels
    this.#readers.add(name, reader)
    tell(reader.startText())
    this.#outlet.ready(reader)
  }

  /** Nothing of the channel is written any more. */
  unsubscribe(channel: string): void {
    const reader = this.#readers.get(channel)
    if (!reader)
      throw new EverwireError(
        'not-subscribed',
        `this connection is not subscribed to ${JSON.stringify(channel)}`,
      )
    this.#readers.delete(channel)
    reader.close()
  }

  /** The position that holds for all of them, when it has moved since it was last told (PROTOCOL.md 2.9). */
  quietPosition(): (ServerMessage & { readonly type: 'position' }) | undefined {
    let moved = false
    const readers = this.#readers.all
    for (const reader of readers) {
      const progress = reader.advance()
      if (progress === 'behind') return undefined
      moved ||= progress === 'moved'
    }
    if (!moved) return undefined
    for (const reader of readers) reader.told()
    const { lineage, through } = this.#services.hub
    return { type: 'position', id: lineage.positionAt(through) }
  }

  drained(): void {
    this.#outlet.drained()
  }

  close(): void {
    this.#closed = true
    this.#outlet.close()
    for (const reader of this.#readers.all) reader.close()
    this.#readers.clear()
  }
}
