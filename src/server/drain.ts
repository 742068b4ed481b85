import { draining as goingAway } from '../session/refusal.ts'
import type { Kernel } from './kernel.ts'

/** As many connections are ended at once; more of them at this rate, and all of them within a window. */
const atOnce = 100
const perSecond = 5_000
const stepMs = 20

/** How long a drain waits for what had been begun. */
const answerGraceMs = 2_000

/** Where a drain happens. */
export interface Draining extends Pick<Kernel, 'connections' | 'report'> {
  /** The longest that connections are spread over. */
  readonly windowMs: number
  /** Whether anything that was begun is still to be answered. */
  readonly busy: () => boolean
  /** A clock that nobody sets, and whose waiting keeps the process alive. */
  readonly elapsed: () => number
  readonly wait: (ms: number) => Promise<void>
}

/**
 * Ends every connection in the way from which its kind of client comes back: few at once, many spread over a window, so
 * that they do not all come back together. What was begun is answered first, for at most `answerGraceMs` more.
 */
export async function drain(draining: Draining): Promise<void> {
  const { connections, report, elapsed, wait } = draining
  const count = connections.size
  const spreadMs = Math.min(draining.windowMs, (Math.max(0, count - atOnce) / perSecond) * 1_000)
  // The round of a set includes whoever comes while it lasts.
  const round = connections.values()
  const begun = elapsed()
  let ended = 0
  for (let left = spreadMs; connections.size > 0; left = begun + spreadMs - elapsed()) {
    // By the clock, not by the step: a busy process takes no longer.
    const due = left > 0 ? Math.ceil(count * (1 - left / spreadMs)) : Infinity
    while (ended < due) {
      const next = round.next()
      if (next.done) break
      ended++
      attempt(() => next.value.drain(), report)
    }
    if (left <= 0) break
    await wait(stepMs)
  }
  const answersUntil = elapsed() + answerGraceMs
  while ((connections.size > 0 || draining.busy()) && elapsed() < answersUntil) await wait(stepMs)
  for (const connection of connections) attempt(() => connection.end(goingAway()), report)
}

function attempt(run: () => void, report: (error: unknown) => void): void {
  try {
    run()
  } catch (error) {
    report(error)
  }
}
