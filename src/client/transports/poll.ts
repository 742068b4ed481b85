import type { PollAnswer, ServerMessage } from '../../protocol/messages.ts'
import { sequenceOf } from '../../protocol/position.ts'
import { askFor, startOf } from '../http.ts'
import { overHttp } from './stream.ts'
import type { Access, Starts } from './transport.ts'

/** Seconds that the server may hold a poll. */
const wait = 25

/** Long-polling: asked again as soon as it was answered (PROTOCOL.md 8.1). */
export const poll = overHttp(async (request, handlers, signal) => {
  const channels = request.starts.map(([channel]) => channel)
  let answer = await pollOnce(request, request.starts, signal)
  handlers.opened({})
  while (!signal.aborted) {
    handlers.heard()
    for (const message of inOrder(answer)) handlers.received(message)
    handlers.received({ type: 'position', id: answer.id }, answer.id)
    answer = await (await askFor(request, '/poll', { wait }, channels, [answer.id], signal)).json()
  }
  return { retry: 'now', told: false, message: '' }
})

/** One poll, answered at once. */
export async function pollOnce(to: Access, starts: Starts, signal?: AbortSignal): Promise<PollAnswer> {
  const { options, channels, after } = startOf(starts)
  return (await askFor(to, '/poll', { wait: 0, ...options }, channels, after, signal)).json()
}

/**
 * The three lists of an answer as one: each gap before the messages beyond it, each snapshot's messages between
 * its marks. A gap that starts a new order, or a whole state, stands before everything.
 */
export function inOrder({ messages, gaps, snapshots }: PollAnswer): ServerMessage[] {
  const placed: [place: number, message: ServerMessage][] = []
  for (const gap of gaps) {
    const within = gap.reason === 'expired' || gap.reason === 'rights'
    placed.push([within ? sequenceOf(gap.after) : -2, { ...gap, type: 'gap' }])
  }
  for (const mark of snapshots) {
    // An end stands behind the message at its place.
    const place = mark.phase === 'begin' ? -1 : sequenceOf(mark.id ?? '') + 0.5
    placed.push([place, { ...mark, type: 'snapshot' }])
  }
  for (const message of messages) placed.push([sequenceOf(message.id ?? ''), { ...message, type: 'message' }])
  return placed.sort(([a], [b]) => a - b).map(([, message]) => message)
}
