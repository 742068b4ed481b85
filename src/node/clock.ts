import type { Clock } from '../server/kernel.ts'

/** Node's monotonic clock and its timers. */
export const nodeClock: Clock = {
  elapsed: () => performance.now(),
  later(ms, run) {
    // Node runs a longer one at once.
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Calls `run` every `ms` until stopped, without keeping the process alive. */
export function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms)
  timer.unref()
  return () => clearInterval(timer)
}
