import { broken, streamEnding } from '../endings.ts'
import { askFor, wantedOf } from '../http.ts'
import { eventReader } from './events.ts'
import { overHttp } from './stream.ts'
import { read } from './read.ts'
import type { Ending } from './transport.ts'

/** Server-sent events by `fetch`, so that headers can be sent (PROTOCOL.md section 7). */
export const sse = overHttp(async (request, handlers, signal) => {
  const answer = await askFor(request, '/sse', { envelope: 1, ...wantedOf(request.starts) }, signal)
  handlers.head()
  let retryMs = 0
  let ending: Ending | undefined
  const feed = eventReader(
    ({ event: type = 'message', data = '', id }) => {
      const value = read(data)
      if (type === 'connected') handlers.opened(value ?? {}, id)
      else if (type === 'error') ending = streamEnding(value, retryMs)
      // The server is trusted to say what the event's name promises. A type that is not known is ignored.
      else handlers.received({ ...value, type } as Parameters<typeof handlers.received>[0], id)
    },
    (ms) => (retryMs = ms),
  )
  const decoder = new TextDecoder()
  const reader = answer.body?.getReader()
  for (;;) {
    const { value } = (await reader?.read()) ?? {}
    if (!value || ending) return ending ?? broken('the stream ended')
    handlers.heard()
    feed(decoder.decode(value, { stream: true }))
  }
})
