import { probeLimits } from '../../doctor/wire.ts'
import { codes } from '../../protocol/codes.ts'
import { closeReason } from '../../session/refusal.ts'
import type { Exchange } from '../exchange.ts'
import { binaryFrame, textFrame } from '../formats/frames.ts'
import { assertServing, type Kernel } from '../kernel.ts'
import { wholeNumber } from '../query.ts'
import type { Budget } from './budget.ts'
import { Lasting } from './lasting.ts'

/** How long a WebSocket that is not silent on purpose may be there. */
const lifeMs = 30_000

/** `GET ws`, a handshake: says `hello`, sends back whatever it gets; with `silentMs` it says `awake` after that. */
export function serveEcho(kernel: Kernel, budget: Budget, exchange: Exchange): void {
  const silentMs = wholeNumber(exchange.query, 'silentMs', 0, probeLimits.silentMs) ?? 0
  assertServing(kernel)
  const release = budget.hold()
  const link = exchange.upgrade?.()
  if (!link) return release()
  const close = (code: number, reason: string) => {
    link.close(code, reason)
    echo.ended()
  }
  const echo = new Lasting(kernel, release, (error) => {
    if (error) close(codes[error.code].close, closeReason(error))
    else close(codes.draining.close, 'draining: this server is going away')
  })
  let echoes = 0
  link.listen({
    received(data) {
      if (echo.over) return
      if (++echoes > probeLimits.echoes) return close(codes['rate-limited'].close, 'rate-limited: enough')
      // A peer that does not read what it asked for is no probe.
      if (link.room <= 0) return link.destroy()
      link.send(typeof data === 'string' ? textFrame(data) : binaryFrame(data))
    },
    drained() {},
    closed: () => echo.ended(),
  })
  link.send(textFrame('hello'))
  echo.later(silentMs || lifeMs, () => {
    if (silentMs > 0) link.send(textFrame('awake'))
    close(1000, '')
  })
}
