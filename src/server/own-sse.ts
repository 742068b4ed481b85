import { andThen } from '../session/at-once.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'
import { streamEvents } from './sse.ts'
import { streamRequest } from './stream-request.ts'
import { identifyReader } from './ticket-request.ts'

export interface OwnStreamOptions {
  /** Messages as whole objects, also with one channel; the client may ask for it too (`?envelope=1`). */
  readonly envelope?: boolean
}

/**
 * An event stream of a route of the application, over channels that the route decides on: where it starts is the
 * client's to say, and the channels' rules hold.
 */
export function serveOwnSse(
  kernel: Kernel,
  exchange: Exchange,
  channels: readonly string[],
  options: OwnStreamOptions,
): void | Promise<void> {
  return andThen(streamRequest(kernel, exchange, channels), (request) => {
    const option = (name: string) => (name === 'envelope' && options.envelope ? '1' : request.option(name))
    return andThen(identifyReader(kernel, exchange), (principal) =>
      principal ? streamEvents(kernel, exchange, principal, { ...request, option }) : undefined,
    )
  })
}
