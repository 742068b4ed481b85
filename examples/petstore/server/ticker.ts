import type { Outbox } from './outbox.ts'
import type { Shelter } from './shelter.ts'

const everyMs = 1_000

/** Publishes a number each second, so that every page can count for itself what it got. */
export function startTicker(shelter: Shelter, outbox: Outbox) {
  const timer = setInterval(() => {
    shelter.tick(1)
    void outbox.flush()
  }, everyMs)
  return {
    /** `count` more numbers, as fast as they can be stored; answers the last one at once. */
    burst(count: number): number {
      const through = shelter.tick(count)
      void outbox.flush()
      return through
    },
    stop: () => clearInterval(timer),
  }
}
