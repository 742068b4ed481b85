import { toBase64 } from '../protocol/binary.ts'
import type { Standings } from './chooser.ts'
import type { Transport, TransportName } from './transports/transport.ts'
import type { TransportChange } from './types.ts'

/** The world as the client needs it; tests bring another. */
export interface Env {
  readonly transports: Readonly<Record<TransportName, Transport>>
  /** What was learned of this network, by this page or one before it. */
  recall?(): Standings
  remember?(standings: Standings): void
  /** Tells what carries the transport's own connection, where that is another's, and each change of it. */
  carrier?(told: (change: TransportChange) => void): void
  /** Milliseconds. */
  now(): number
  /** From 0 to 1. */
  random(): number
  /** Runs once after `ms`; answers how to call it off. */
  later(ms: number, run: () => void): () => void
  /** A publish key of at least 128 random bits. */
  key(): string
  /** Told of what nobody waits for: a listener that threw. */
  report(error: unknown): void
}

export const platform: Omit<Env, 'transports'> = {
  now: () => Date.now(),
  random: () => Math.random(),
  later(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  key: () => toBase64(crypto.getRandomValues(new Uint8Array(18))),
  report(error) {
    // Like an exception in an event handler of the page. Node has no reportError: there it is uncaught.
    if (typeof reportError === 'function') reportError(error)
    else
      setTimeout(() => {
        throw error
      })
  },
}
