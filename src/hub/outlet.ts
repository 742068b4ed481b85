import type { FramePage } from './pages.ts'
import type { ChannelCursor } from '../log/log.ts'
import type { Hub } from './hub.ts'
import type { Sink, Stepper } from './sink.ts'

/**
 * One client's wire, as a transport gives it. Its bytes are bounded by whoever writes: nobody writes while `room`
 * is 0 or less, but for one message, one page or one answer that was already on its way.
 */
export interface Link {
  /** Bytes that may be written now; 0 or less while the peer is slow. Falls with `send`, recovers as bytes leave. */
  readonly room: number
  /** Takes the bytes, always. The owner of the link calls `Outlet.drained` when `room` has become positive again. */
  send(bytes: Uint8Array): void
}

/** Who has an outlet. */
export interface OutletOwner {
  /** The log cannot be read, or a message not be written; the client shall come back later. */
  readFailed(error: unknown): void
}

/** At most this many entries a page; its bytes are those that the link has room for. */
const pageEntries = 256
const pageStep = 4_096

interface Read {
  readonly cursors: readonly ChannelCursor[]
  readonly taken: (page: FramePage) => void
}

/**
 * Lets the readers of one link take turns: when the link has room the reader that has waited longest goes first,
 * so a bulk catch-up holds up nobody for longer than one buffer takes to drain. One page of the log at a time.
 */
export class Outlet implements Sink {
  readonly #hub: Hub
  readonly #link: Link
  readonly #owner: OutletOwner
  /** Made when a reader has to wait: most links never have one. */
  #queue: Set<Stepper> | undefined
  /** The same. */
  #reads: Read[] | undefined
  #pumping = false
  #reading = false
  #closed = false

  constructor(hub: Hub, link: Link, owner: OutletOwner) {
    this.#hub = hub
    this.#link = link
    this.#owner = owner
  }

  get room(): number {
    return this.#closed ? 0 : this.#link.room
  }

  write(bytes: Uint8Array): void {
    if (!this.#closed) this.#link.send(bytes)
  }

  // Hot path: mostly nobody else waits, and then nobody stands in line.
  ready(reader: Stepper): void {
    if (this.#pumping || this.#waits) {
      this.#wait(reader)
      this.#pump()
      return
    }
    this.#pumping = true
    try {
      if (reader.step() === 'more') this.#wait(reader)
    } catch (error) {
      this.#owner.readFailed(error)
    } finally {
      this.#pumping = false
    }
    if (this.#waits) this.#pump()
  }

  drained(): void {
    this.#pump()
    this.#readNext()
  }

  read(cursors: readonly ChannelCursor[], taken: (page: FramePage) => void): void {
    this.#reads ??= []
    this.#reads.push({ cursors, taken })
    this.#readNext()
  }

  close(): void {
    this.#closed = true
    this.#queue?.clear()
    this.#reads = undefined
  }

  get #waits(): boolean {
    return this.#queue !== undefined && this.#queue.size > 0
  }

  #wait(reader: Stepper): void {
    this.#queue ??= new Set()
    this.#queue.add(reader)
  }

  // Hot path: a set keeps the order in which readers came, each once.
  #pump(): void {
    const queue = this.#queue
    if (this.#pumping || !queue) return
    this.#pumping = true
    try {
      for (const reader of queue) {
        if (this.room <= 0) break
        queue.delete(reader)
        if (reader.step() === 'more') queue.add(reader)
      }
    } catch (error) {
      // What cannot be written ends this link; it must reach neither the socket's callbacks nor the process.
      this.#owner.readFailed(error)
    } finally {
      this.#pumping = false
    }
  }

  #readNext(): void {
    const { room } = this
    if (this.#reading || room <= 0) return
    const next = this.#reads?.shift()
    if (!next) return
    this.#reading = true
    // In steps, so that readers of the same page with nearly the same room take the same part of it.
    const bytes = Math.max(pageStep, room - (room % pageStep))
    this.#hub.pages.read(
      next.cursors,
      { entries: pageEntries, bytes },
      (page) => this.#taken(next, page),
      (error) => this.#broken(error),
    )
  }

  #taken({ taken }: Read, page: FramePage): void {
    this.#reading = false
    if (this.#closed) return
    taken(page)
    this.#readNext()
  }

  #broken(error: unknown): void {
    this.#reading = false
    if (!this.#closed) this.#owner.readFailed(error)
  }
}
