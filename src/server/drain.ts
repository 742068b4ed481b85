import { draining } from '../session/refusal.ts'
import type { Kernel } from './kernel.ts'

/** As many connections are ended at once; more of them at `perMs`, and all of them within a window. */
const atOnce = 100
const perMs = 1
const stepMs = 20

/** How long a drain waits for what had been begun. */
const answerGraceMs = 2_000

/** Where a drain happens. */
export interface Draining extends Pick<Kernel, 'connections' | 'report'> {
  /** The longest that connections are spread over. */
  readonly windowMs: number
  /** Whether anything that was begun is still to be answered. */
  readonly busy: () => boolean
  /** A clock that keeps the process alive. */
  readonly wait: (ms: number) => Promise<void>
}

/**
 * Ends every connection in the way from which its kind of client comes back: few at once, many spread over a window, so
 * that they do not all come back together. What was begun is answered first, for at most `answerGraceMs` more.
 */
export async function drain({ connections, report, windowMs, busy, wait }: Draining): Promise<void> {
  const spreadMs = Math.min(windowMs, Math.max(0, connections.size - atOnce) / perMs)
  const steps = Math.floor(spreadMs / stepMs) + 1
  const share = Math.ceil(connections.size / steps)
  // The round of a set includes whoever comes while it lasts.
  const round = connections.values()
  for (let step = 1; step <= steps && connections.size > 0; step++) {
    for (let left = step === steps ? Infinity : share; left > 0; left--) {
      const next = round.next()
      if (next.done) break
      attempt(() => next.value.drain(), report)
    }
    if (step < steps) await wait(stepMs)
  }
  for (let ms = 0; ms < answerGraceMs && (connections.size > 0 || busy()); ms += stepMs) await wait(stepMs)
  for (const connection of connections) attempt(() => connection.end(draining()), report)
}

function attempt(run: () => void, report: (error: unknown) => void): void {
  try {
    run()
  } catch (error) {
    report(error)
  }
}
