import { ready } from './listening.ts'
import type { Terminal } from './terminal.ts'

/** Says when the server at `url` is ready, and resolves when a signal has stopped it. Throws as `ready` does. */
export async function untilStopped(
  terminal: Terminal,
  url: string,
  stopped: Promise<NodeJS.Signals>,
): Promise<void> {
  const waiting = new AbortController()
  const isReady = ready(url, waiting.signal).then(() => {
    if (!waiting.signal.aborted) terminal.result({ type: 'ready' }, () => terminal.style('green', 'ready'))
  })
  const signal = await Promise.race([stopped, isReady.then(() => stopped)])
  waiting.abort()
  terminal.note({ type: 'closing', signal }, () => terminal.noteStyle('dim', `closing after ${signal}`))
}
