import { probeLimits, type Held, type Posted, type Seen } from '../../doctor/wire.ts'
import { EverwireError } from '../../protocol/codes.ts'
import { judgeOrigin, type OriginRules } from '../../session/origins.ts'
import { answerJson } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Clock, Kernel } from '../kernel.ts'
import { wholeNumber } from '../query.ts'
import { isHandshake } from '../websocket.ts'
import { arrived, originOf, probeOf } from './arrived.ts'
import { Budget } from './budget.ts'
import { isFile, serveFile } from './files.ts'
import { Lasting } from './lasting.ts'
import { serveEcho } from './socket.ts'
import { serveStream } from './stream.ts'

/** How many handshakes are remembered. */
const remembered = 256

/**
 * The examination of the path between a client and this server (docs/doctor.md): a page, and endpoints that its probes
 * and `everwire doctor` measure by. They reach no channel, no user and no store, and are limited by a budget of their own.
 */
export class Doctor {
  readonly #budget: Budget
  readonly #seen = new Map<string, Seen['arrived']>()

  constructor(clock: Clock) {
    this.#budget = new Budget(clock)
  }

  takes(path: string): boolean {
    return path === '/doctor' || path.startsWith('/doctor/')
  }

  /**
   * Serves what it takes. Origins are judged and told, not refused: a page whose requests arrive as a stranger's is just
   * what the doctor is for. What a foreign page may read is still up to CORS. Throws what is refused.
   */
  async serve(kernel: Kernel, origins: OriginRules, exchange: Exchange): Promise<void> {
    this.#budget.request()
    const verdict = judgeOrigin(origins, exchange.headers['origin'], exchange.headers['host'])
    if (verdict.kind === 'listed') exchange.setHeader('access-control-allow-origin', verdict.origin)
    const { path, query } = exchange
    if (isFile(path)) return serveFile(exchange)
    switch (path) {
      case '/doctor/about':
        return answerJson(exchange, 200, arrived(exchange, kernel))
      case '/doctor/stream':
        return serveStream(kernel, this.#budget, exchange)
      case '/doctor/ws': {
        this.#remember(probeOf(query), exchange.upgrade ? 'handshake' : 'plain')
        if (isHandshake(kernel, exchange)) serveEcho(kernel, this.#budget, exchange)
        return
      }
      case '/doctor/seen': {
        const seen: Seen = { arrived: this.#seen.get(probeOf(query)) ?? 'not' }
        return answerJson(exchange, 200, seen)
      }
      case '/doctor/hold':
        return this.#hold(kernel, exchange)
      case '/doctor/post':
        return this.#post(exchange, origins)
      default:
        throw new EverwireError('not-found', 'the doctor has nothing there')
    }
  }

  #remember(probe: string, how: Seen['arrived']): void {
    if (probe === '') return
    this.#seen.set(probe, how)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > remembered && oldest !== undefined) this.#seen.delete(oldest)
  }

  async #hold(kernel: Kernel, exchange: Exchange): Promise<void> {
    const ms = wholeNumber(exchange.query, 'ms', 0, probeLimits.silentMs) ?? 0
    const from = kernel.now()
    const over = Promise.withResolvers<void>()
    const hold = new Lasting(kernel, this.#budget.hold(), () => over.resolve())
    hold.later(ms, over.resolve)
    exchange.hold({ gone: over.resolve })
    try {
      await over.promise
      const held: Held = { from, until: kernel.now() }
      answerJson(exchange, 200, held)
    } finally {
      hold.ended()
    }
  }

  async #post(exchange: Exchange, origins: OriginRules): Promise<void> {
    const release = this.#budget.body()
    try {
      const { length } = await exchange.body(probeLimits.postBytes)
      const posted: Posted = { bytes: length, ...originOf(exchange, origins) }
      answerJson(exchange, 200, posted)
    } finally {
      release()
    }
  }
}
