import { decodeRequest } from '../protocol/decode.ts'
import { readJson } from './body.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'

/** `POST request` (PROTOCOL.md 8.3): a handler of the application answers. */
export async function serveRequest(kernel: Kernel, exchange: Exchange): Promise<void> {
  const principal = await kernel.guard.identify(exchange)
  // Base64 of the largest data, and the object around it.
  const body = await readJson(exchange, kernel.limits.messageBytes * 2)
  const { channel, event, data } = decodeRequest(body)
  await kernel.guard.allow(principal, 'request', channel)
  answerJson(exchange, 200, { data: await kernel.handle(principal, channel, event, data) })
}
