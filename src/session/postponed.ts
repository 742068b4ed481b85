import { codes, EverwireError, type ErrorCode } from '../protocol/codes.ts'
import type { Ref } from '../protocol/messages.ts'

/** So many are remembered: more than clients have under way. */
const most = 1_024

/** What of a publish says where it stands among those of its connection. */
export interface Ordered {
  readonly ref?: Ref | undefined
  /** The `ref` of the last one before it that the client has no answer to. */
  readonly behind?: Ref | undefined
}

interface Refused {
  readonly code: ErrorCode
  /** How often it was refused. */
  readonly times: number
  /** It has come again, and is under way. */
  again: boolean
}

/** The publishes of a connection that were refused for now: none that is behind them takes effect before they come again. */
export class Postponed {
  /** By `ref`, in their order; made when there is one. */
  #refused: Map<Ref, Refused> | undefined

  /** Throws when the publish would overtake one that is still to come again. */
  admit({ ref, behind }: Ordered): void {
    if (!this.#refused) return
    const mine = ref === undefined ? undefined : this.#refused.get(ref)
    // Its client waits for nothing that was before.
    if (!mine && behind === undefined) this.#refused = undefined
    else this.#assertFirst(mine)
    if (mine) mine.again = true
  }

  /** It took effect, or never will. */
  settled({ ref }: Ordered): void {
    if (ref !== undefined) this.#refused?.delete(ref)
  }

  refused(publish: Ordered, error: unknown): void {
    const { ref } = publish
    const code = error instanceof EverwireError ? error.code : 'internal'
    if (codes[code].retry === 'never' && code !== 'token-expired') return this.settled(publish)
    if (ref === undefined) return
    this.#refused ??= new Map()
    const { times = 0 } = this.#refused.get(ref) ?? {}
    this.#refused.set(ref, { code, times: times + 1, again: false })
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > most && oldest !== undefined) this.#refused.delete(oldest)
  }

  /**
   * Of those before one that comes again, a client has given up what it has not sent again either; but not what was refused
   * more often: of the last time it had not heard.
   */
  #assertFirst(mine: Refused | undefined): void {
    for (const [ref, one] of this.#refused ?? []) {
      if (one === mine) return
      if (one.again || (mine && one.times <= mine.times)) continue
      throw new EverwireError(
        one.code,
        `it is behind ${ref}, which was refused for now: send that again first`,
      )
    }
  }
}
