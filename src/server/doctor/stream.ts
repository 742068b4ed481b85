import { probeLimits, type Stamp } from '../../doctor/wire.ts'
import { formatEvent } from '../../protocol/sse.ts'
import type { Exchange } from '../exchange.ts'
import { packings } from '../formats/packing.ts'
import { assertServing, type Kernel } from '../kernel.ts'
import { wholeNumber } from '../query.ts'
import { streamHeaders } from '../sse.ts'
import type { Budget } from './budget.ts'
import { Lasting } from './lasting.ts'

/** `GET stream`: events that say when they left, a silence, one event more, and the end. */
export function serveStream(kernel: Kernel, budget: Budget, exchange: Exchange): void {
  const { query, headers } = exchange
  const count = wholeNumber(query, 'count', 0, probeLimits.count) ?? 0
  const everyMs = wholeNumber(query, 'everyMs', 1, probeLimits.everyMs) ?? 100
  const silentMs = wholeNumber(query, 'silentMs', 0, probeLimits.silentMs) ?? 0
  assertServing(kernel)
  const release = budget.hold()
  const link = exchange.stream(200, streamHeaders(exchange))
  const { pack } = packings.identity[link.framing]
  const begunAt = kernel.clock.elapsed()
  const stream = new Lasting(kernel, release, () => finish())
  const say = (n: number, event: string, more: Partial<Stamp> = {}) => {
    const stamp: Stamp = { n, at: kernel.clock.elapsed() - begunAt, ...more }
    link.send(pack(formatEvent({ event, id: String(n), data: JSON.stringify(stamp) })))
  }
  const finish = () => {
    link.end()
    stream.ended()
  }
  const next = (n: number): void => {
    if (n <= count) {
      stream.later(everyMs, () => {
        say(n, 'stamp')
        next(n + 1)
      })
    } else if (silentMs > 0) {
      stream.later(silentMs, () => {
        say(n, 'awake')
        finish()
      })
    } else finish()
  }
  // An EventSource comes back soon, so that a page sees what it then sends.
  link.send(pack('retry: 200\n'))
  say(0, 'hello', { lastEventId: headers['last-event-id']?.slice(0, 64) ?? '' })
  next(1)
  exchange.hold({ gone: () => stream.ended() })
}
