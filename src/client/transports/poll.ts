import type { PollAnswer, ServerMessage } from '../../protocol/messages.ts'
import { sequenceOf } from '../../protocol/position.ts'
import { ask, endingOf, startsQuery, targetBytes } from '../http.ts'
import type { Connection, Handlers, OpenRequest, Transport } from './transport.ts'
import { Upstream } from './upstream.ts'

/** Seconds that the server may hold a poll. */
const waitSeconds = 25

/** Long-polling: asked again as soon as it was answered; upstream by POST (PROTOCOL.md 8.1). */
export const poll: Transport = { name: 'poll', fixed: true, open }

function open(request: OpenRequest, handlers: Handlers): Connection {
  const abort = new AbortController()
  const upstream = new Upstream(request, handlers.answered)
  run(request, handlers, abort.signal).catch((error: unknown) => {
    if (abort.signal.aborted) return
    abort.abort()
    handlers.ended(endingOf(error))
  })
  return {
    send: (outgoing) => upstream.send(outgoing),
    close: () => {
      abort.abort()
      upstream.close()
    },
  }
}

async function run(request: OpenRequest, handlers: Handlers, signal: AbortSignal): Promise<void> {
  const { starts } = request
  if (starts.length === 0) {
    const { id } = await (await ask(request, '/position', signal)).json()
    if (!signal.aborted) handlers.opened({}, id)
    return
  }
  // The first proves the path, so it is not held.
  let answer = await pollOnce(request, startsQuery(starts), 0, signal)
  if (signal.aborted) return
  handlers.opened({})
  for (;;) {
    handlers.heard()
    for (const message of inOrder(answer)) {
      if (signal.aborted) return
      handlers.received(message)
    }
    if (signal.aborted) return
    handlers.received({ type: 'position', id: answer.id }, answer.id)
    if (signal.aborted) return
    const channels = starts.map(([channel]) => channel)
    const query = new URLSearchParams([
      ...channels.map((channel) => ['channel', channel]),
      ['after', answer.id],
    ])
    answer = await pollOnce(
      request,
      { query: String(query), body: { channels, after: answer.id } },
      waitSeconds,
      signal,
    )
    if (signal.aborted) return
  }
}

/** One poll, held for up to `wait` seconds. */
export async function pollOnce(
  request: OpenRequest,
  { query, body }: ReturnType<typeof startsQuery>,
  wait: number,
  signal: AbortSignal,
): Promise<PollAnswer> {
  const path = `/poll?wait=${wait}&${query}`
  const answer =
    path.length < targetBytes
      ? await ask(request, path, signal)
      : await ask(request, '/poll', signal, JSON.stringify({ ...body, wait }))
  return answer.json()
}

/**
 * The three lists of an answer as one: each gap before the messages beyond it, each snapshot's messages between
 * its marks. A gap that starts a new order, or a whole state, stands before everything.
 */
export function inOrder({ messages, gaps, snapshots }: PollAnswer): ServerMessage[] {
  const placed: [place: number, message: ServerMessage][] = [
    ...gaps.map((gap): [number, ServerMessage] => [
      gap.reason === 'expired' || gap.reason === 'rights' ? sequenceOf(gap.after) || 0 : -2,
      { ...gap, type: 'gap' },
    ]),
    ...snapshots.map((mark): [number, ServerMessage] => [
      mark.phase === 'begin' ? -1 : sequenceOf(mark.id ?? '') || Infinity,
      { ...mark, type: 'snapshot' },
    ]),
    ...messages.map((message): [number, ServerMessage] => [
      sequenceOf(message.id ?? '') || 0,
      { ...message, type: 'message' },
    ]),
  ]
  // Stable: what has the same place keeps the order above, in which marks come before messages... except ends,
  // which come after the message at their place.
  return placed
    .sort(([a, x], [b, y]) => a - b || Number(x.type === 'snapshot') - Number(y.type === 'snapshot'))
    .map(([, message]) => message)
}
