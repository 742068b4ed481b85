import type { PollAnswer, ServerMessage } from '../../protocol/messages.ts'
import { sequenceOf } from '../../protocol/position.ts'
import { askFor, wantedOf } from '../http.ts'
import { overHttp } from './stream.ts'
import type { Access, Starts } from './transport.ts'

/** Long-polling: asked again as soon as it was answered; how long it is held the server knows (PROTOCOL.md 8.1). */
export const poll = overHttp(async (request, handlers, signal) => {
  const channels = request.starts.map(({ name }) => name)
  let answer = await pollOnce(request, request.starts, signal)
  const { expiresInMs } = answer
  handlers.opened(expiresInMs === undefined ? {} : { expiresInMs })
  while (!signal.aborted) {
    handlers.heard()
    for (const message of inOrder(answer)) handlers.received(message)
    handlers.received({ type: 'position', id: answer.id }, answer.id)
    answer = await (await askFor(request, '/poll', { channels, after: answer.id }, signal)).json()
  }
  return { retry: 'now', told: false, message: '' }
})

/** One poll, answered at once. */
export async function pollOnce(to: Access, starts: Starts, signal?: AbortSignal): Promise<PollAnswer> {
  return (await askFor(to, '/poll', { wait: 0, ...wantedOf(starts) }, signal)).json()
}

/**
 * The three lists of an answer as one: each gap before the messages beyond it, each snapshot's messages between
 * its marks. A gap that starts a new order, or a whole state, stands before everything.
 */
export function inOrder({ messages, gaps, snapshots }: PollAnswer): ServerMessage[] {
  // A gap and an end stand behind the message at their place, a signal behind the one before it.
  let last = 0
  const placed: [place: number, message: ServerMessage][] = [
    ...gaps.map((gap): [number, ServerMessage] => [
      /^(expired|rights)$/.test(gap.reason) ? sequenceOf(gap.after) + 0.5 : -2,
      { ...gap, type: 'gap' },
    ]),
    ...snapshots.map((mark): [number, ServerMessage] => [
      mark.phase === 'begin' ? -1 : sequenceOf(mark.id ?? '') + 0.5,
      { ...mark, type: 'snapshot' },
    ]),
    ...messages.map((message): [number, ServerMessage] => [
      (last = sequenceOf(message.id ?? '') || last),
      { ...message, type: 'message' },
    ]),
  ]
  return placed.sort(([a], [b]) => a - b).map(([, message]) => message)
}
