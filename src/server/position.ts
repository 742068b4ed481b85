import { expiryOf } from '../session/welcome.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'

/** `GET position` (PROTOCOL.md 8.6). */
export async function servePosition(kernel: Kernel, exchange: Exchange): Promise<void> {
  const principal = await kernel.guard.identify(exchange)
  answerJson(exchange, 200, { id: await kernel.hub.position(), ...expiryOf(principal, kernel.now()) })
}
