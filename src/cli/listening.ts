import { Failure, exit, usage } from './failure.ts'
import { reason } from './target.ts'

/** Where to listen when nothing is said. */
export const defaultPort = 4000

/** What `listen` failed with, as a sentence that says what to do; anything else as it is. */
export function listenFailure(error: unknown, port: number, host: string | undefined): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const cause = { cause: error }
  switch (code) {
    case 'EADDRINUSE':
      return new Failure(
        `Port ${port} is in use. Stop what listens there, or choose another: --port ${port === 65_535 ? 4000 : port + 1} (0 takes any that is free).`,
        exit.failed,
        cause,
      )
    case 'EACCES':
      return new Failure(
        `Port ${port} may not be used by this user. Choose one above 1023: --port ${defaultPort}.`,
        exit.failed,
        cause,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return usage(`This machine has no address ${host}. Leave --host out to listen on all of them.`)
    default:
      return error
  }
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** A URL that reaches a server listening on `host`. */
export function reachable(host: string | undefined, port: number): string {
  const everywhere = host === undefined || host === '0.0.0.0' || host === '::'
  const name = everywhere ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/**
 * Resolves when the server says that it is ready, or when the signal is raised. Throws a usage Failure for a port that
 * clients refuse: a list in the Fetch standard keeps browsers from the ports of other protocols.
 */
export async function ready(url: string, signal: AbortSignal): Promise<void> {
  const pauseMs = 50
  while (!signal.aborted) {
    try {
      const answer = await fetch(`${url}/healthz`, { signal })
      await answer.body?.cancel()
      if (answer.ok) return
    } catch (error) {
      if (reason(error) === 'bad port')
        throw usage(
          `Browsers refuse the port of ${url}, which belongs to another protocol: choose another --port.`,
        )
    }
    await new Promise((resume) => setTimeout(resume, pauseMs))
  }
}
