import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const enoughBytes = 32 * 1024 * 1024

/**
 * Lets V8's young generation grow to about `bytes` and no further: the default is all that Node 20 allows. Later ones allow
 * twice as much, which a process that has once been asked for it never gives back: of ten thousand idle WebSockets it was
 * a quarter (docs/performance.md). Only for a process of our own; what its user has said about it (`--max-semi-space-size`)
 * stands.
 */
export function boundYoungGeneration(bytes = enoughBytes): void {
  const said = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  if (said.some((option) => /semi[-_]space/.test(option))) return
  // It grows when it is collected; this is told soon after.
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < bytes) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** Both halves, as large as they are now. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0
}
