import { broken, statusEnding } from './endings.ts'
import type { Access, Ending, Starts } from './transports/transport.ts'

/** What ended something that was asked for. */
export function endingOf(error: unknown): Ending {
  return (error as { ending?: Ending } | undefined)?.ending ?? broken(error)
}

/** Asks the server; `body` makes it a POST of JSON. Rejects, for `endingOf`, when no success is answered. */
export async function ask(to: Access, path: string, body?: string, signal?: AbortSignal): Promise<Response> {
  const { base, token, headers, credentials = 'same-origin' } = to
  const answer = await fetch(base + path, {
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    cache: 'no-store',
    method: body ? 'POST' : 'GET',
    body: body ?? null,
    signal: signal ?? null,
    credentials,
  })
  const { status } = answer
  // 204 says "stop" where something was to come.
  if (status === 200 || (status === 204 && path === '/presence')) return answer
  const retryMs = Number(answer.headers.get('retry-after')) * 1_000 || 0
  const ending = statusEnding(status, await answer.json().catch(() => undefined), retryMs)
  throw Object.assign(new Error(ending.message), { ending })
}

/** The longest request target of a GET: past 4 KiB a server refuses it. */
const targetBytes = 4_000

/**
 * Asks for channels: `?channel=a&after=1&channel=b...`, or a POST of the same as JSON when that gets too long
 * (PROTOCOL.md 7).
 */
export function askFor(
  to: Access,
  path: string,
  wanted: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<Response> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(wanted))
    for (const each of [value].flat()) query.append(name.replace('channels', 'channel'), String(each))
  const target = `${path}?${query}`
  if (target.length < targetBytes) return ask(to, target, undefined, signal)
  return ask(to, path, JSON.stringify(wanted), signal)
}

/** What to ask for. `last` is for one channel alone; each of several has a position. */
export function wantedOf(starts: Starts): { channels: string[]; last?: number; after?: string[] } {
  const channels = starts.map(({ name }) => name)
  const last = starts.length === 1 ? starts[0]?.start.last : undefined
  return last === undefined
    ? { channels, after: starts.map(({ start: { after = 'now' } }) => after) }
    : { channels, last }
}
