import { EverwireError } from '../protocol/codes.ts'
import type { Principal } from '../session/guard.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'
import { resumeMs } from './tickets.ts'

const cookieName = 'everwire-ticket'

/** `POST ticket` (PROTOCOL.md 8.10). */
export async function serveTicket(kernel: Kernel, exchange: Exchange): Promise<void> {
  answerJson(exchange, 200, kernel.tickets.issue(await kernel.guard.identify(exchange)))
}

/** Who asks for a stream, by ticket if one was given; undefined: it was spent, and the reader has been told to stop. */
export function identifyReader(
  kernel: Kernel,
  exchange: Exchange,
): Principal | undefined | Promise<Principal | undefined> {
  const ticket = exchange.query.get('ticket')
  if (ticket === null) return kernel.guard.identify(exchange)
  const redeemed = kernel.tickets.redeem(ticket, cookieOf(exchange))
  if (redeemed === 'spent') {
    if (exchange.upgrade)
      throw new EverwireError('unauthenticated', 'the ticket has been used: ask for a new one')
    // The way to tell an EventSource to stop.
    exchange.answer(204, { 'cache-control': 'no-store' }, '')
    return undefined
  }
  if (!exchange.upgrade) exchange.setHeader('set-cookie', cookieFor(exchange, redeemed.secret))
  return redeemed.principal
}

function cookieOf({ headers }: Exchange): string | undefined {
  const pairs = (headers['cookie'] ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1)
}

function cookieFor({ target, headers }: Exchange, secret: string): string {
  const [path = '/'] = target.split('?', 1)
  const isSecure = (headers['origin'] ?? headers['referer'])?.startsWith('https:')
  const secure = isSecure ? '; Secure' : ''
  return `${cookieName}=${secret}; Path=${path}; Max-Age=${resumeMs / 1_000}; HttpOnly; SameSite=Strict${secure}`
}
