import { EverwireError } from '../protocol/codes.ts'
import { decodePresence } from '../protocol/decode.ts'
import { readJson } from './body.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'
import { onlyChannel } from './query.ts'

/** `POST presence` (PROTOCOL.md 8.4): holds the member for a while; whoever wants to stay says it again. */
export async function serveChange(kernel: Kernel, exchange: Exchange): Promise<void> {
  const principal = await kernel.guard.identify(exchange)
  const body = await readJson(exchange, kernel.limits.messageBytes * 2)
  const { channel, action, data = null } = decodePresence(body)
  await kernel.guard.allow(principal, 'presence', channel)
  if (principal.id === '') {
    throw new EverwireError(
      'unauthenticated',
      'presence over HTTP is by user, and you are not known: sign in, or use a WebSocket',
    )
  }
  await kernel.presence.change(channel, principal.id, { kind: 'renewed' }, { action, data })
  exchange.answer(204, { 'cache-control': 'no-store' }, '')
}

/** `GET presence` (PROTOCOL.md 8.6). */
export async function serveMembers(kernel: Kernel, exchange: Exchange): Promise<void> {
  const channel = onlyChannel(exchange.query)
  const principal = await kernel.guard.identify(exchange)
  await kernel.guard.allow(principal, 'presence', channel)
  answerJson(exchange, 200, { members: await kernel.presence.members(channel) })
}
