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
  const sliceMs = kernel.heartbeatMs / ticksPerHeartbeat / slices
  let cancel = (): void => {}
  let slice = 0
  let round: Iterator<Connection> = [].values()
  let share = 0

  const tick = (): void => {
    if (slice === 0) {
      // The round of a set includes whoever comes while it lasts; whoever came this late is ticked a little early.
      round = kernel.connections.values()
      share = Math.ceil(kernel.connections.size / slices)
    }
    slice = (slice + 1) % slices
    const now = kernel.now()
    for (let left = slice === 0 ? Infinity : share; left > 0; left--) {
      const next = round.next()
      if (next.done) break
      try {
        next.value.tick(now)
      } catch (error) {
        kernel.report(error)
      }
    }
    cancel = kernel.clock.later(sliceMs, tick)
  }
  cancel = kernel.clock.later(sliceMs, tick)
  return () => cancel()
}
