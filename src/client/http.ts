import type { EverwireError } from '../protocol/codes.ts'
import { errorEnding, broken, refusal } from './endings.ts'
import type { Ending, OpenRequest } from './transports/transport.ts'

export type Asked = Pick<OpenRequest, 'base' | 'headers' | 'credentials' | 'token'>

/** An answer that is no success, as the ending of what was asked for. */
export class Refused extends Error {
  readonly error: EverwireError
  readonly ending: Ending
  constructor(error: EverwireError, status: number, retryMs?: number) {
    super(error.message)
    this.error = error
    this.ending = errorEnding(error, status, retryMs)
  }
}

/**
 * Asks the server; `body` makes it a POST of JSON. Throws Refused for any status but 200 (to `/presence`:
 * 204); whatever `fetch` throws when there was no answer.
 */
export async function ask(
  to: Asked,
  path: string,
  signal: AbortSignal,
  body?: string,
  accept = 'application/json',
): Promise<Response> {
  const answer = await fetch(to.base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(to.token === undefined ? {} : { authorization: `Bearer ${to.token}` }),
      ...to.headers,
    },
    cache: 'no-store',
    signal,
    ...(body === undefined ? {} : { body }),
    ...(to.credentials ? { credentials: to.credentials } : {}),
  })
  if (answer.status === 200 || (answer.status === 204 && path === '/presence')) return answer
  const retryAfter = Number(answer.headers.get('retry-after') ?? NaN) * 1_000
  throw new Refused(
    refusal(answer.status, await answer.json().catch(() => undefined)),
    answer.status,
    retryAfter >= 0 ? retryAfter : undefined,
  )
}

/** What ended something that was asked for. */
export function endingOf(error: unknown): Ending {
  return error instanceof Refused
    ? error.ending
    : broken(error instanceof Error ? error.message : String(error))
}

/** `?channel=a&after=1&channel=b...` and the JSON that says the same (PROTOCOL.md section 7). */
export function startsQuery(starts: OpenRequest['starts']): { query: string; body: Record<string, unknown> } {
  const channels = starts.map(([channel]) => channel)
  const last = starts.length === 1 ? starts[0]?.[1].last : undefined
  const after = starts.map(([, start]) => start.after ?? 'now')
  const query = new URLSearchParams(channels.map((channel) => ['channel', channel]))
  if (last !== undefined) query.set('last', String(last))
  else for (const one of after) query.append('after', one)
  return { query: String(query), body: { channels, ...(last === undefined ? { after } : { last }) } }
}

/** The longest request target of a GET that is asked for; a server refuses 4 KiB. */
export const targetBytes = 4_000
