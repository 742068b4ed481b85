import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { broken, statusEnding } from '../../client/endings.ts'
import type { Ending } from '../../client/transports/transport.ts'
import type { PollAnswer } from '../../protocol/messages.ts'
import { type Dial, Meter, openMs, reset } from './dial.ts'
import { agentFor, ask, bodyOf } from './http.ts'

/** Seconds that the server may hold a poll. */
const wait = 25

/** Long-polling on one kept connection: asked again as soon as it was answered. */
export const poll: Dial = (to, handlers) => {
  const meter = new Meter()
  const agent = agentFor(to.base, 1)
  const abort = new AbortController()
  let over = false
  const finish = (how: () => void) => {
    over = true
    how()
    agent.destroy()
  }
  const end = (ending: Ending) => {
    if (over) return
    finish(() => abort.abort())
    handlers.ended(ending)
  }
  const socket = (wire: Socket) => meter.add(wire)
  const once = async (after: string | undefined, seconds: number): Promise<string | undefined> => {
    const timer = setTimeout(() => end(broken('no answer came')), seconds * 1_000 + openMs)
    try {
      const query = new URLSearchParams({ channel: to.channel, wait: String(seconds) })
      if (after !== undefined) query.set('after', after)
      const { signal } = abort
      const answer = await ask(to, `/poll?${query}`, { agent, signal, socket })
      const { statusCode = 0, headers } = answer
      if (statusCode !== 200) {
        end(statusEnding(statusCode, await bodyOf(answer), 1_000 * Number(headers['retry-after'] ?? 0)))
        return undefined
      }
      const body = await buffer(answer)
      meter.text += body.length
      if (over) return undefined
      const found: PollAnswer = JSON.parse(body.toString())
      if (seconds === 0) handlers.opened(after === undefined ? found.id : undefined)
      for (const gap of found.gaps) handlers.received({ ...gap, type: 'gap' }, undefined)
      // As they stand: their order is the server's to keep.
      for (const message of found.messages) handlers.received({ ...message, type: 'message' }, undefined)
      handlers.received({ type: 'position', id: found.id }, found.id)
      return found.id
    } finally {
      clearTimeout(timer)
    }
  }
  const carry = async () => {
    // The first is answered at once: it says that we are served.
    let after = await once(to.after, 0)
    while (after !== undefined && !over) after = await once(after, wait)
  }
  carry().catch((error: unknown) => end(broken(error)))
  return {
    meter,
    cut: () => finish(() => reset(meter.socket)),
    close: () => finish(() => abort.abort()),
  }
}
