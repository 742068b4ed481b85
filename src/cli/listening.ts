import { get } from 'node:https'
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
export function reachable(host: string | undefined, port: number, secure: boolean): string {
  const everywhere = host === undefined || host === '0.0.0.0' || host === '::'
  const name = everywhere ? '127.0.0.1' : host
  return `http${secure ? 's' : ''}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/**
 * Resolves when the server says that it is ready, or when the signal is raised. Throws a usage Failure for a port that
 * clients refuse: a list in the Fetch standard keeps browsers from the ports of other protocols.
 */
export async function ready(url: string, signal: AbortSignal): Promise<void> {
  const pauseMs = 50
  while (!signal.aborted) {
    try {
      if (await isHealthy(`${url}/healthz`, signal)) return
    } catch (error) {
      if (reason(error) === 'bad port')
        throw usage(
          `Browsers refuse the port of ${url}, which belongs to another protocol: choose another --port.`,
        )
    }
    await new Promise((resume) => setTimeout(resume, pauseMs))
  }
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  if (url.startsWith('https:')) return isHealthyOverTls(url, signal)
  const answer = await fetch(url, { signal })
  await answer.body?.cancel()
  return answer.ok
}

function isHealthyOverTls(url: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // We ask ourselves: the certificate may be for the name that others know us by.
    const asked = get(url, { signal, rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.on('error', reject)
  })
}
