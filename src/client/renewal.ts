import type { ServerMessage } from '../protocol/messages.ts'
import type { OpenLine, Rider } from './rider.ts'
import type { Access } from './transports/transport.ts'

/** What renewing needs of the wire. */
interface Host {
  line(): OpenLine | undefined
  tell(event: 'restream'): void
  later(ms: number, run: () => void): () => void
  access(): Promise<Access>
}

/** A new token is asked for when a fifth of the time is left, but not more than a minute before the end. */
const marginMs = 60_000
const retryMs = 1_000
/** The longest that a timer of the platform takes. */
const longestMs = 2 ** 31 - 1

/** Brings a new token before the one that a connection has expires: in-band where it can be said, else by another line. */
export class Renewal implements Rider {
  readonly #host: Host
  #stop: (() => void) | undefined
  #renewing = false

  constructor(host: Host) {
    this.#host = host
  }

  adopted({ welcome }: OpenLine): void {
    this.#expires(welcome.expiresInMs)
  }

  received(message: ServerMessage): void {
    if (message.type === 'done' && message.expiresInMs !== undefined) this.#expires(message.expiresInMs)
    // A clock that stood still, a page that slept: the timer comes too late.
    else if (message.type === 'error' && message.code === 'token-expired') void this.#renew()
  }

  lost(): void {
    this.#stop?.()
    this.#renewing = false
  }

  ended(): void {
    this.lost()
  }

  #expires(inMs: number | undefined): void {
    this.lost()
    if (inMs === undefined) return
    const ms = Math.max(retryMs, inMs - Math.min(marginMs, inMs / 5))
    this.#stop = this.#host.later(Math.min(ms, longestMs), () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const line = this.#host.line()
    if (!line || this.#renewing) return
    this.#renewing = true
    if (line.starts) return this.#host.tell('restream')
    try {
      const { token } = await this.#host.access()
      line.send({ type: 'auth', text: JSON.stringify({ type: 'auth', token }) })
    } catch {
      // Until the server ends it there is time; then the machine asks, and tells why there is none.
      this.#expires(retryMs)
    }
  }
}
