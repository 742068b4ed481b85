// How long the event loop was blocked between two signals, printed for the bench.
import { monitorEventLoopDelay } from 'node:perf_hooks'

export function watchLoop(): void {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let watching = false
  process.on('SIGUSR2', () => {
    watching = !watching
    if (watching) {
      delay.reset()
      delay.enable()
    } else {
      delay.disable()
      console.log(JSON.stringify({ loopMaxMs: delay.max / 1e6, loopP99Ms: delay.percentile(99) / 1e6 }))
    }
  })
}
