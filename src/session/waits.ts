/** Who waits for a time to pass. */
export interface Waiting {
  /** It has passed. */
  waited(): void
}

/** A wait that goes on. */
export interface Wait {
  /** Let go of when it ends, as sets live long: see `Places`. */
  waiting: Waiting | undefined
  readonly step: Step
}

interface Step {
  readonly waits: Set<Wait>
  readonly cancel: () => void
}

interface Timers {
  elapsed(): number
  later(ms: number, run: () => void): () => void
}

/** Waits end in steps of so many milliseconds. */
const stepMs = 50

/**
 * The waits of very many, each of which ends a step late at most: what ends in the same step shares a timer. One for each
 * takes four times the memory.
 */
export class Waits {
  readonly #timers: Timers
  readonly #steps = new Map<number, Step>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  begin(ms: number, waiting: Waiting): Wait {
    const number = Math.ceil((this.#timers.elapsed() + ms) / stepMs)
    const step = this.#steps.get(number) ?? this.#add(number)
    const wait = { waiting, step }
    step.waits.add(wait)
    return wait
  }

  /** Ends it before its time; nothing when it has ended. */
  end(wait: Wait): void {
    const { waits } = wait.step
    wait.waiting = undefined
    if (waits.delete(wait) && waits.size === 0) wait.step.cancel()
  }

  #add(number: number): Step {
    const waits = new Set<Wait>()
    const ms = Math.ceil(number * stepMs - this.#timers.elapsed())
    const cancelTimer = this.#timers.later(ms, () => {
      this.#steps.delete(number)
      for (const { waiting } of waits) waiting?.waited()
      waits.clear()
    })
    const cancel = () => {
      cancelTimer()
      this.#steps.delete(number)
    }
    const step = { waits, cancel }
    this.#steps.set(number, step)
    return step
  }
}
