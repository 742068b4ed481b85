import { ticksPerHeartbeat } from '../session/pulse.ts'
import type { Connection, Kernel } from './kernel.ts'

/** Each round over all connections is spread over this many slices of a tick. */
const slices = 8

/**
 * Ticks every connection of a server: one timer for all of them, the work spread over the interval. Returns its own stop.
 */
export function startHeartbeat(
  kernel: Pick<Kernel, 'connections' | 'heartbeatMs' | 'clock' | 'now' | 'report'>,
): () => void {
  const { clock } = kernel
  const tickMs = kernel.heartbeatMs / ticksPerHeartbeat
  const sliceMs = tickMs / slices
  let cancel = (): void => {}
  let slice = 0
  let round: Iterator<Connection> = [].values()
  let share = 0
  let due = clock.elapsed()

  // A busy process runs each timer late, and there are many to a heartbeat: the next makes up for it. What stood still for
  // longer does not run after: clients it has not heard meanwhile would be taken for dead.
  const next = (): void => {
    const now = clock.elapsed()
    due = Math.max(due + sliceMs, now - tickMs)
    cancel = clock.later(Math.max(0, due - now), tick)
  }
  const tick = (): void => {
    if (slice === 0) {
      // The round of a set includes whoever comes while it lasts; whoever came this late is ticked a little early.
      round = kernel.connections.values()
      share = Math.ceil(kernel.connections.size / slices)
    }
    slice = (slice + 1) % slices
    const now = kernel.now()
    for (let left = slice === 0 ? Infinity : share; left > 0; left--) {
      const { value, done } = round.next()
      if (done) break
      try {
        value.tick(now)
      } catch (error) {
        kernel.report(error)
      }
    }
    next()
  }
  next()
  return () => cancel()
}
