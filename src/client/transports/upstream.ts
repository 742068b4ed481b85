import type { ErrorCode } from '../../protocol/codes.ts'
import type { PublishAnswer, ServerMessage } from '../../protocol/messages.ts'
import { ask, endingOf } from '../http.ts'
import type { Ending, OpenRequest, Outgoing } from './transport.ts'

/** Entries of one POST. */
const batch = 100

/**
 * What a client says where the downstream is HTTP: by POST, publishes in order, one POST under way at a time and
 * what has gathered meanwhile in the next. An answer comes like one on a WebSocket. Where no answer came, it is
 * a `timeout` error: unknown, to be sent again with the same key. A POST outlives the stream that it stood beside.
 */
export class Upstream {
  readonly #request: OpenRequest
  readonly #answered: (message: ServerMessage) => void
  #waiting: Outgoing[] = []
  #posting = false
  readonly #never = new AbortController().signal

  constructor(request: OpenRequest, answered: (message: ServerMessage) => void) {
    this.#request = request
    this.#answered = answered
  }

  send(outgoing: Outgoing): void {
    const { type } = outgoing.message
    if (type === 'publish') {
      this.#waiting.push(outgoing)
      // In a turn of its own, so that what is published in one turn goes out in one POST.
      if (!this.#posting) queueMicrotask(() => void this.#pump())
      this.#posting = true
    } else if (type === 'request' || type === 'presence') void this.#single(outgoing, `/${type}`)
  }

  /** What waits is not sent any more. */
  close(): void {
    this.#waiting = []
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, batch)
      const refused = await this.#publish(entries)
      if (!refused) continue
      // A batch is refused as a whole: who is to blame shows one by one.
      const alone = entries.length > 1 && refused.retry === 'never'
      for (const entry of entries) {
        const ending = alone ? await this.#publish([entry]) : refused
        if (ending) this.#fail(entry, ending)
      }
    }
    this.#posting = false
  }

  async #publish(entries: readonly Outgoing[]): Promise<Ending | undefined> {
    try {
      const body = `[${entries.map(({ text }) => text).join(',')}]`
      const answers: PublishAnswer[] = await (await ask(this.#request, '/publish', this.#never, body)).json()
      for (const [i, answer] of answers.entries()) {
        this.#answered({ ...answer, type: 'published', ref: refOf(entries[i]) })
      }
      return undefined
    } catch (error) {
      return endingOf(error)
    }
  }

  async #single(outgoing: Outgoing, path: string): Promise<void> {
    try {
      const answer = await ask(this.#request, path, this.#never, outgoing.text)
      const data: unknown = answer.status === 204 ? undefined : (await answer.json()).data
      this.#answered({ type: 'response', ref: refOf(outgoing), data })
    } catch (error) {
      this.#fail(outgoing, endingOf(error))
    }
  }

  #fail(outgoing: Outgoing, { code, message }: Ending): void {
    const passing: ErrorCode = 'timeout'
    this.#answered({ type: 'error', code: code ?? passing, message, ref: refOf(outgoing) })
  }
}

function refOf(outgoing: Outgoing | undefined): string | number {
  const message = outgoing?.message
  return message && 'ref' in message && message.ref !== undefined ? message.ref : ''
}
