import { EverwireError } from '../protocol/codes.ts'
import type { PresenceMessage, RequestMessage, ServerMessage } from '../protocol/messages.ts'
import type { ChannelHost } from './channel.ts'
import type { OpenLine, Rider } from './rider.ts'
import { ClientError } from './errors.ts'
import { ask as post, endingOf } from './http.ts'
import { outgoing, tooLarge } from './outgoing.ts'
import type { Access, Outgoing } from './transports/transport.ts'

/** What is asked once: a `request` or `presence`. */
type Question = Omit<RequestMessage, 'ref'> | Omit<PresenceMessage, 'ref'>

interface Pending {
  readonly message: Outgoing
  readonly settle: (result: unknown) => void
  sentOn: OpenLine | undefined
}

const askers = new WeakMap<ChannelHost, Asker>()

/**
 * Asks once; waits for a connection, and for the answer, for `timeoutMs` in all. Rejects with the server's refusal, or
 * a ClientError `no-answer` or `disconnected`.
 */
export function ask(host: ChannelHost, question: Question, timeoutMs: number): Promise<unknown> {
  let asker = askers.get(host)
  if (!asker) {
    askers.set(host, (asker = new Asker(host)))
    host.join(asker)
  }
  return asker.ask(question, timeoutMs)
}

/** Questions on their way out, and their answers on their way back. */
class Asker implements Rider {
  readonly #host: ChannelHost
  readonly #pending = new Map<number, Pending>()
  #over: Error | undefined

  constructor(host: ChannelHost) {
    this.#host = host
  }

  ask(question: Question, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw this.#over
      const ref = this.#host.nextRef()
      const disarm = this.#host.later(timeoutMs, () =>
        this.#settle(ref, new ClientError('no-answer', `no answer within ${timeoutMs} ms`)),
      )
      const settle = (result: unknown) => {
        disarm()
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      this.#pending.set(ref, { message: outgoing({ ...question, ref }), settle, sentOn: undefined })
      this.adopted(this.#host.line())
    })
  }

  adopted(line: OpenLine | undefined): void {
    if (!line) return
    for (const [ref, pending] of this.#pending) {
      // It may have been taken over by another that lives.
      if (pending.sentOn && pending.sentOn !== line) this.lost(pending.sentOn)
      if (pending.sentOn) continue
      const error = tooLarge(pending.message, this.#host.welcome().limits)
      if (error) {
        this.#settle(ref, error)
        continue
      }
      pending.sentOn = line
      if (line.starts) void this.#post(line.access, pending.message)
      else line.send(pending.message)
    }
  }

  lost(line: OpenLine): void {
    // What is sent by POST does not end with the stream beside it.
    if (line.starts) return
    for (const [ref, { sentOn }] of this.#pending) {
      if (sentOn === line)
        this.#settle(ref, new ClientError('disconnected', 'the connection broke before the answer came'))
    }
  }

  received(message: ServerMessage): void {
    if (!('ref' in message) || typeof message.ref !== 'number') return
    const { type, ref } = message
    if (type === 'response') this.#settle(ref, message.data)
    else if (type === 'done') this.#settle(ref, undefined)
    else if (type === 'error') this.#settle(ref, new EverwireError(message.code, message.message))
  }

  ended(error: Error): void {
    this.#over = error
    for (const ref of this.#pending.keys()) this.#settle(ref, error)
  }

  async #post(access: Access, { type, ref = 0, text }: Outgoing): Promise<void> {
    try {
      const answer = await post(access, `/${type}`, text)
      this.#settle(ref, answer.status === 204 ? undefined : (await answer.json()).data)
    } catch (error) {
      const { code = 'timeout', message } = endingOf(error)
      this.#settle(ref, new EverwireError(code, message))
    }
  }

  #settle(ref: number, result: unknown): void {
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    pending?.settle(result)
  }
}
