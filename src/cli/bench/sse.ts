import type { Socket } from 'node:net'
import { broken, statusEnding, streamEnding } from '../../client/endings.ts'
import { eventReader } from '../../client/transports/events.ts'
import type { Ending } from '../../client/transports/transport.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import { type Dial, Meter, openMs, reset } from './dial.ts'
import { agentFor, ask, bodyOf, silence } from './http.ts'

/** A bare event stream, resumed by `Last-Event-ID`. */
export const sse: Dial = (to, handlers) => {
  const meter = new Meter()
  const agent = agentFor(to.base, 1)
  const abort = new AbortController()
  let over = false
  const finish = (how: () => void) => {
    over = true
    clearTimeout(opening)
    how()
    agent.destroy()
  }
  const end = (ending: Ending) => {
    if (over) return
    finish(() => abort.abort())
    handlers.ended(ending)
  }
  const opening = setTimeout(() => end(broken(`not served within ${openMs / 1_000} s`)), openMs)
  const socket = (wire: Socket) => meter.add(wire)
  let retryMs = 0
  const read = eventReader(
    ({ event = 'message', data = '', id }) => {
      if (over) return
      const value: ServerMessage & { readonly heartbeatMs?: number } = JSON.parse(data)
      if (event === 'connected') {
        clearTimeout(opening)
        silence(meter.socket, value.heartbeatMs ?? openMs, end)
        handlers.opened(id)
      } else if (event === 'error') end(streamEnding(value, retryMs))
      // The server is trusted to say what the event's name promises.
      else handlers.received({ ...value, type: event } as ServerMessage, id)
    },
    (ms) => (retryMs = ms),
  )
  const stream = async () => {
    const path = `/sse?envelope=1&channel=${encodeURIComponent(to.channel)}`
    const headers = {
      accept: 'text/event-stream',
      ...(to.after === undefined ? {} : { 'last-event-id': to.after }),
    }
    const { signal } = abort
    const answer = await ask(to, path, { agent, signal, headers, socket })
    const { statusCode = 0, headers: answered } = answer
    if (statusCode !== 200 || !answered['content-type']?.startsWith('text/event-stream'))
      return end(statusEnding(statusCode, await bodyOf(answer), 0))
    const decoder = new TextDecoder()
    for await (const chunk of answer) {
      meter.text += chunk.length
      read(decoder.decode(chunk, { stream: true }))
    }
    end(broken('the stream ended'))
  }
  stream().catch((error: unknown) => end(broken(error)))
  return {
    meter,
    cut: () => finish(() => reset(meter.socket)),
    close: () => finish(() => abort.abort()),
  }
}
