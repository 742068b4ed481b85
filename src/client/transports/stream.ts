import { ask, endingOf } from '../http.ts'
import type { Ending, Handlers, OpenRequest, Transport } from './transport.ts'
import { Upstream } from './upstream.ts'

/** Carries until it ends. What it throws is an ending, too. */
type Carry = (request: OpenRequest, handlers: Handlers, signal: AbortSignal) => Promise<Ending>

/** A transport whose downstream is an HTTP answer and whose upstream are POSTs. */
export function overHttp(carry: Carry): Transport {
  return {
    fixed: true,
    open(request, handlers) {
      const abort = new AbortController()
      const upstream = new Upstream(request, handlers.answered)
      const { starts } = request
      // Without a channel there is nothing to stream: that the server answers is all there is to know.
      const carried =
        starts.length > 0 ? carry(request, handlers, abort.signal) : greet(request, handlers, abort.signal)
      void carried.catch(endingOf).then((ending) => ending && handlers.ended(ending))
      return {
        send: (outgoing) => upstream.send(outgoing),
        close() {
          abort.abort()
          upstream.close()
        },
      }
    },
  }
}

async function greet(request: OpenRequest, handlers: Handlers, signal: AbortSignal): Promise<undefined> {
  const { id, ...welcome } = await (await ask(request, '/position', undefined, signal)).json()
  handlers.opened(welcome, id)
}
