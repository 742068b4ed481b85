import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { ServerMessage, WelcomeMessage } from '../../protocol/messages.ts'
import { broken, errorEnding, refusal } from '../endings.ts'
import { ask, endingOf, startsQuery, targetBytes } from '../http.ts'
import type { Connection, Ending, Handlers, OpenRequest, Transport } from './transport.ts'
import { Upstream } from './upstream.ts'

/** Server-sent events by `fetch`, so that headers can be sent; upstream by POST (PROTOCOL.md section 7). */
export const sse: Transport = { name: 'sse', fixed: true, open }

function open(request: OpenRequest, handlers: Handlers): Connection {
  const abort = new AbortController()
  const upstream = new Upstream(request, handlers.answered)
  const end = (ending: Ending) => {
    if (abort.signal.aborted) return
    abort.abort()
    handlers.ended(ending)
  }
  stream(request, handlers, abort.signal, end).catch((error: unknown) => end(endingOf(error)))
  return {
    send: (outgoing) => upstream.send(outgoing),
    close: () => {
      abort.abort()
      upstream.close()
    },
  }
}

async function stream(
  request: OpenRequest,
  handlers: Handlers,
  signal: AbortSignal,
  end: (ending: Ending) => void,
): Promise<void> {
  if (request.starts.length === 0) {
    // Nothing to stream: that the server answers is all that is to know.
    const { id } = await (await ask(request, '/position', signal)).json()
    if (!signal.aborted) handlers.opened({}, id)
    return
  }
  const { body } = await openStream(request, signal)
  if (signal.aborted || !body) return end(broken('the answer has no body'))
  handlers.head()
  let retryMs: number | undefined
  const parser = createParser({
    onRetry: (ms) => (retryMs = ms),
    onEvent: (event) => {
      // One chunk may hold several events, and the first may have closed the connection.
      if (signal.aborted) return
      if (event.event === 'error') {
        const error = refusal(200, parse(event.data))
        end(errorEnding(error, 200, retryMs))
      } else dispatch(event, handlers)
    },
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (signal.aborted) return
    if (done) break
    handlers.heard()
    parser.feed(decoder.decode(value, { stream: true }))
  }
  end(broken('the stream ended'))
}

async function openStream(request: OpenRequest, signal: AbortSignal): Promise<Response> {
  const { query, body } = startsQuery(request.starts)
  const path = `/sse?envelope=1&${query}`
  return path.length < targetBytes
    ? ask(request, path, signal, undefined, 'text/event-stream')
    : ask(request, '/sse?envelope=1', signal, JSON.stringify(body), 'text/event-stream')
}

function dispatch({ event, data, id }: EventSourceMessage, handlers: Handlers): void {
  const value = parse(data)
  if (event === 'connected') return handlers.opened(value as Partial<WelcomeMessage>, id)
  const type = event ?? 'message'
  // The server is trusted to say what the event's name promises. A type that is not known is ignored.
  handlers.received({ ...(value as object), type } as ServerMessage, id)
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return {}
  }
}
