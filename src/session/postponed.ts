import { codes, EverwireError, type ErrorCode } from '../protocol/codes.ts'
import type { Ref } from '../protocol/messages.ts'

/** So many are remembered: more than clients have under way. */
const most = 1_024

/** What of a publish says where it stands among those of its connection. */
export interface Ordered {
  readonly ref?: Ref | undefined
  /** The `ref` of the one that it must not overtake. */
  readonly behind?: Ref | undefined
}

/** The publishes of a connection that were refused for now: what is behind them waits for them to come again. */
export class Postponed {
  /** By `ref`, with what refused them; made when there is one. */
  #codes: Map<Ref, ErrorCode> | undefined

  /** Throws when the publish is behind one that has not come again. */
  admit({ ref, behind }: Ordered): void {
    if (!this.#codes) return
    const code = behind === undefined ? undefined : this.#codes.get(behind)
    if (code)
      throw new EverwireError(
        code,
        `it is behind ${behind}, which was refused for now: send that again first`,
      )
    if (ref !== undefined) this.#codes.delete(ref)
  }

  refused({ ref }: Ordered, error: unknown): void {
    const code = error instanceof EverwireError ? error.code : 'internal'
    if (ref === undefined || (codes[code].retry === 'never' && code !== 'token-expired')) return
    this.#codes ??= new Map()
    this.#codes.set(ref, code)
    const [oldest] = this.#codes.keys()
    if (this.#codes.size > most && oldest !== undefined) this.#codes.delete(oldest)
  }
}
