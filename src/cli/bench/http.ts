import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { broken } from '../../client/endings.ts'
import type { Ending } from '../../client/transports/transport.ts'
import type { Target } from './dial.ts'

/** Connections to the server at `base` that are kept between requests. */
export function agentFor(base: string, maxSockets: number): Agent {
  const how = { keepAlive: true, maxSockets }
  return base.startsWith('https:') ? new TlsAgent(how) : new Agent(how)
}

/** How something is asked for; with a body it is a POST of JSON. */
export interface Asking {
  readonly agent: Agent
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Told of the connection that it goes over. */
  readonly socket?: (socket: Socket) => void
}

/** Asks for something below the base path; resolves with the head of the answer. */
export function ask(
  { base, headers }: Pick<Target, 'base' | 'headers'>,
  path: string,
  how: Asking,
): Promise<IncomingMessage> {
  const { agent, signal, body, socket } = how
  return new Promise((resolve, reject) => {
    const open = base.startsWith('https:') ? tlsRequest : request
    const asked = open(base + path, {
      agent,
      signal,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...headers,
        ...how.headers,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    })
    if (socket) asked.on('socket', socket)
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end(body)
  })
}

/** The body as JSON; undefined when it is none. */
export async function bodyOf(answer: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await buffer(answer)).toString())
  } catch {
    return undefined
  }
}

/** Ends a connection on which nothing has come for two heartbeats (PROTOCOL.md 5.2). */
export function silence(
  socket: Socket | undefined,
  heartbeatMs: number,
  end: (ending: Ending) => void,
): void {
  socket?.setTimeout(2 * heartbeatMs, () => end(broken('nothing came for two heartbeats')))
}
