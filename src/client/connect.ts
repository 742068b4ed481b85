import type { Contract } from '../contract/types.ts'
import { basesOf } from './endpoint.ts'
import { platform } from './env.ts'
import { memory } from './memory.ts'
import { watchPage } from './page.ts'
import { poll } from './transports/poll.ts'
import { sse } from './transports/sse.ts'
import { websocket } from './transports/websocket.ts'
import type { ConnectOptions } from './types.ts'
import { Wire } from './wire.ts'

/**
 * Connects to an Everwire server: `'/wire'` on the page's own origin, a whole URL, or several of the same service, of
 * which one is taken at random and the next when it fails. Throws a TypeError for what is no URL.
 */
export function connect<C extends Contract = Contract>(
  endpoint: string | readonly string[],
  options: ConnectOptions = {},
): Wire<C> {
  const bases = basesOf(endpoint)
  const env = { ...platform, ...memory(`everwire ${bases.join(' ')}`), transports: { websocket, sse, poll } }
  return new Wire<C>(bases, options, env, watchPage)
}
