import { EverwireError } from '../../protocol/codes.ts'
import type { Clock } from '../kernel.ts'

const perSecond = 20
const burst = 200
const mostHeld = 64
const mostBodies = 4

/**
 * What all examinations of one server may take together: whoever abuses them keeps others from examining, and disturbs
 * nothing else.
 */
export class Budget {
  readonly #clock: Clock
  #tokens = burst
  #filledAt = 0
  #held = 0
  #bodies = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One request. Throws `rate-limited`. */
  request(): void {
    const now = this.#clock.elapsed()
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1_000) * perSecond)
    this.#filledAt = now
    if (this.#tokens < 1) {
      throw new EverwireError('rate-limited', 'too many examinations at once: try again in a few seconds')
    }
    this.#tokens--
  }

  /** Something that lasts; returns its own release, to be called once. Throws `overloaded`. */
  hold(): () => void {
    if (this.#held >= mostHeld) throw busy()
    this.#held++
    return () => void this.#held--
  }

  /** A large body; returns its own release, to be called once. Throws `overloaded`. */
  body(): () => void {
    if (this.#bodies >= mostBodies) throw busy()
    this.#bodies++
    return () => void this.#bodies--
  }
}

function busy(): EverwireError {
  return new EverwireError('overloaded', 'too many examinations are under way: try again in a minute')
}
