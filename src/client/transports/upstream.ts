import type { PublishAnswer, ServerMessage } from '../../protocol/messages.ts'
import { ask, endingOf } from '../http.ts'
import type { Access, Ending, Outgoing } from './transport.ts'

/** Entries of one POST. */
const batch = 100

/**
 * Publishes where the downstream is HTTP: by POST, in order, one POST under way at a time and
 * what has gathered meanwhile in the next. An answer comes like one on a WebSocket. Where no answer came, it is
 * a `timeout` error: unknown, to be sent again with the same key. A POST outlives the stream that it stood beside.
 */
export class Upstream {
  readonly #access: Access
  readonly #answered: (message: ServerMessage) => void
  #waiting: Outgoing[] = []
  #posting = false

  constructor(access: Access, answered: (message: ServerMessage) => void) {
    this.#access = access
    this.#answered = answered
  }

  send(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
    // In a turn of its own, so that what is published in one turn goes out in one POST.
    if (!this.#posting) queueMicrotask(() => void this.#pump())
    this.#posting = true
  }

  /** What waits is not sent any more. */
  close(): void {
    this.#waiting = []
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, batch)
      let refused = await this.#publish(entries)
      if (!refused) continue
      for (const entry of entries) {
        // A batch is refused as a whole: who is to blame shows one by one.
        if (entries.length > 1 && (!refused || refused.retry === 'never'))
          refused = await this.#publish([entry])
        // What was refused for now is to be repeated first: none may overtake it.
        if (refused && refused.retry !== 'never') entries.push(...this.#waiting.splice(0))
        this.#refuse(entry, refused)
      }
    }
    this.#posting = false
  }

  async #publish(entries: readonly Outgoing[]): Promise<Ending | undefined> {
    try {
      const answer = await ask(this.#access, '/publish', `[${entries.map(({ text }) => text).join(',')}]`)
      const answers: PublishAnswer[] = await answer.json()
      for (const [i, each] of answers.entries()) {
        this.#answered({ ...each, type: 'published', ref: entries[i]?.ref ?? 0 })
      }
      return undefined
    } catch (error) {
      return endingOf(error)
    }
  }

  #refuse({ ref = 0 }: Outgoing, ending: Ending | undefined): void {
    if (ending)
      this.#answered({ type: 'error', code: ending.code ?? 'timeout', message: ending.message, ref })
  }
}
