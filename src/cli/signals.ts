/**
 * Resolves with the first SIGINT, SIGTERM or SIGHUP. A second one ends the process at once, so that a close that
 * takes long can be cut short.
 */
export function interrupted(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!first) process.exit(130)
        first = false
        resolve(signal)
      })
    }
  })
}
