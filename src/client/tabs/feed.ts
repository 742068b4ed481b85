import { EverwireError } from '../../protocol/codes.ts'
import type { ServerMessage, Start } from '../../protocol/messages.ts'
import type { ChannelHost } from '../channel.ts'
import type { Heard } from '../heard.ts'
import { endingOf } from '../http.ts'
import { Listeners } from '../listeners.ts'
import { decoded } from '../outgoing.ts'
import { partsOf } from '../position.ts'
import { inOrder, pollOnce } from '../transports/poll.ts'

type Tell = (message: ServerMessage) => void

interface Reader {
  readonly tell: Tell
  /** What has come while it catches up; undefined once it has. */
  held: ServerMessage[] | undefined
}

const retryMs = 500

/**
 * One channel of the leader's connection, for any number of tabs. The first one's start is the connection's; who comes
 * later, from wherever, catches up by polls while what is live is held for it. What overlaps its tab drops by position.
 */
export class Feed {
  readonly #host: ChannelHost
  readonly #name: string
  readonly #readers = new Map<string, Reader>()
  #begun = false

  constructor(host: ChannelHost, name: string) {
    this.#host = host
    this.#name = name
  }

  get empty(): boolean {
    return this.#readers.size === 0
  }

  join(port: string, start: Start, ref: number, tell: Tell): void {
    const reader: Reader = { tell, held: undefined }
    this.#readers.set(port, reader)
    if (this.#begun) void this.#catchUp(port, reader, start, ref)
    else this.#begin(start, ref, tell)
  }

  leave(port: string): void {
    this.#readers.delete(port)
    if (this.empty && this.#begun) {
      this.#begun = false
      this.#host.subscriptions.forget(this.#name)
    }
  }

  /** The connection is gone, and whoever was here has been told. */
  end(): void {
    for (const port of this.#readers.keys()) this.leave(port)
  }

  #begin(start: Start, ref: number, tell: Tell): void {
    this.#begun = true
    const channel = this.#name
    const listeners = new Listeners<Heard>(this.#host.report)
    listeners.on('subscribed', ({ id }) =>
      tell({ type: 'subscribed', channel, ref, ...(id !== undefined && { id }) }),
    )
    listeners.on('*', (message) => this.#spread({ ...message, type: 'message' }))
    listeners.on('gap', (gap) => this.#spread({ ...gap, type: 'gap' } as ServerMessage))
    listeners.on('snapshot', ({ phase, id }) =>
      this.#spread({ type: 'snapshot', channel, phase, ...(id !== undefined && { id }) }),
    )
    listeners.on('error', ({ code, message }) => {
      this.#begun = false
      this.#host.subscriptions.forget(channel)
      this.#spread({ type: 'error', channel, code, message })
    })
    this.#host.subscriptions.changed(channel, start, listeners, () => this.#begun)
  }

  // Hot path: once per message.
  #spread(message: ServerMessage): void {
    for (const { tell, held } of this.#readers.values()) {
      if (held) held.push(message)
      else tell(message)
    }
  }

  async #catchUp(port: string, reader: Reader, start: Start, ref: number): Promise<void> {
    const channel = this.#name
    const { subscriptions, access, later } = this.#host
    const here = () => this.#readers.get(port) === reader
    const held: ServerMessage[] = (reader.held = [])
    // What the connection has had by now comes by the polls, whatever it gets from now on is held.
    const through = partsOf(subscriptions.find(channel)?.track.position ?? '')[0]?.seq ?? 0
    let from = start
    let told = false
    for (;;) {
      try {
        const answer = await pollOnce(await access(), [{ name: channel, start: from }])
        if (!here()) return
        if (!told) reader.tell({ type: 'subscribed', channel, ref })
        told = true
        for (const message of inOrder(answer)) reader.tell(asHeard(message))
        from = { after: answer.id }
        const [place] = partsOf(answer.id)
        const whole = !answer.id.includes('~') && (place?.seq ?? 0) >= through
        if (whole) break
        if (answer.messages.length > 0) continue
      } catch (error) {
        if (!here()) return
        const { retry, code = 'forbidden', message } = endingOf(error)
        if (retry === 'never') {
          this.leave(port)
          return reader.tell({ type: 'error', channel, code, message, ref })
        }
      }
      await new Promise<void>((resolve) => later(retryMs, resolve))
      if (!here()) return
    }
    // Where it stands, in case that nothing has come.
    reader.tell({ type: 'subscribed', channel, ref, id: from.after ?? '' })
    reader.held = undefined
    for (const message of held) reader.tell(message)
  }
}

/** Bytes travel between tabs as they are. */
function asHeard(message: ServerMessage): ServerMessage {
  return message.type === 'message' ? { ...decoded(message), type: 'message' } : message
}

/** What refuses a tab, as the server would say it. */
export function refusal(error: unknown, ref: number): ServerMessage {
  const { code, message } =
    error instanceof EverwireError ? error : new EverwireError('timeout', String(error))
  return { type: 'error', code, message, ref }
}
