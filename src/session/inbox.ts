import type { Limits } from './limits.ts'
import type { SocketLink } from './link.ts'

/** Who hears what an inbox lets through. */
export interface Hearer {
  take(data: string | Uint8Array): void
}

/**
 * What a client has said and nobody has looked at yet. It is looked at one message after the other, while not too many
 * commands are under way and the client takes its answers; otherwise nothing more is read from the client, so neither
 * commands nor answers pile up.
 */
export class Inbox {
  readonly #link: SocketLink
  readonly #limits: Limits
  readonly #hearer: Hearer
  /** Only while something waits: what comes is mostly heard at once. */
  #waiting: (string | Uint8Array)[] | undefined
  #underWay = 0
  #barred = false
  #working = false
  #closed = false
  #idle: (() => void) | undefined
  /** Whether the link is paused. */
  paused = false

  constructor(link: SocketLink, limits: Limits, hearer: Hearer) {
    this.#link = link
    this.#limits = limits
    this.#hearer = hearer
  }

  /** Hot path: once per message of a client. */
  push(data: string | Uint8Array): void {
    if (this.#closed) return
    if (this.#waiting === undefined) this.#waiting = [data]
    else this.#waiting.push(data)
    this.work()
  }

  /** A command that may take time. Must not throw or reject. With `bar` nothing else is heard until it is over. */
  begin(command: () => void | Promise<void>, bar = false): void | Promise<void> {
    this.#underWay++
    if (bar) this.#barred = true
    const answered = command()
    if (answered instanceof Promise) return answered.then(() => this.#ended(bar))
    this.#ended(bar)
  }

  #ended(bar: boolean): void {
    this.#underWay--
    if (bar) this.#barred = false
    this.work()
    if (this.#underWay === 0) this.#idle?.()
  }

  /** Calls `idle` as soon as no command is under way; now, if that is so. */
  whenIdle(idle: () => void): void {
    if (this.#underWay === 0) idle()
    else this.#idle = idle
  }

  /** Goes on, as far as it may. Called when there may be room again. */
  work(): void {
    // A message heard may end a command at once and so come back here.
    if (this.#working) return
    this.#working = true
    const waiting = this.#waiting ?? []
    let heard = 0
    while (heard < waiting.length && this.#open()) {
      const data = waiting[heard++]
      if (data !== undefined) this.#hearer.take(data)
    }
    this.#working = false
    if (heard === waiting.length) this.#waiting = undefined
    else if (heard > 0) waiting.splice(0, heard)
    this.#holdBack(!this.#open())
  }

  close(): void {
    this.#closed = true
    this.#waiting = undefined
  }

  #open(): boolean {
    if (this.#closed || this.#barred || this.#underWay >= this.#limits.pendingCommands) return false
    // Somebody who reads slowly may still command; answers get as much room again as messages, and no more.
    return this.#link.room > -this.#limits.unsentBytes
  }

  #holdBack(pause: boolean): void {
    if (this.#closed || this.paused === pause) return
    this.paused = pause
    if (pause) this.#link.pause()
    else this.#link.resume()
  }
}
