import { EverwireError } from '../protocol/codes.ts'
import type { Health } from '../server/health.ts'
import { startHeartbeat } from '../server/heartbeat.ts'
import type { Kernel } from '../server/kernel.ts'
import type { Site } from '../server/router.ts'
import { Refusals, type Stats } from '../server/stats.ts'
import type { Surroundings } from './attach.ts'
import { every, nodeClock } from './clock.ts'
import type { OwnServer } from './listen.ts'
import { SocketAcceptor } from './socket.ts'

/** How long a close waits for streams to end and answers to leave. */
const closeGraceMs = 2_000

export interface ServiceParts
  extends
    Pick<Kernel, 'limits' | 'compression' | 'heartbeatMs' | 'retryMs' | 'report'>,
    Pick<Site, 'origins'> {
  /** Opens the store and what stands on it. */
  readonly open: (running: Pick<Kernel, 'refused'> & { readonly draining: () => boolean }) => Promise<Kernel>
}

/** The life of one server: opening, open, failed to open, closing. What is asked while it opens waits. */
export class Service {
  readonly site: Site
  readonly around: Surroundings
  readonly #parts: ServiceParts
  readonly #refusals = new Refusals()
  readonly #opened: Promise<Kernel>
  readonly #servers: OwnServer[] = []
  #state: 'starting' | 'open' | 'failed' | 'closing' = 'starting'
  #stopTicking = () => {}
  #closed: Promise<void> | undefined

  constructor(parts: ServiceParts) {
    const { limits, compression, origins, retryMs, report } = parts
    this.#parts = parts
    this.around = {
      limits,
      clock: nodeClock,
      sockets: new SocketAcceptor(limits, compression, nodeClock),
    }
    this.site = {
      limits,
      origins,
      retryMs,
      report,
      refused: (code) => this.#refusals.count(code),
      health: () => this.health,
      kernel: () => this.kernel(),
    }
    this.#opened = this.#open()
    // Whoever asks gets the failure; nobody may be asking yet.
    this.#opened.catch((error: unknown) => {
      this.#state = 'failed'
      report(error)
    })
  }

  get health(): Health {
    const health = {
      starting: 'starting',
      open: 'ok',
      failed: 'store-unavailable',
      closing: 'draining',
    } as const
    return health[this.#state]
  }

  /** Fulfilled once it is open; rejected with what kept it from opening. */
  async ready(): Promise<void> {
    await this.#opened
  }

  /** Throws `draining` once it closes, `store-unavailable` when it could not open. */
  async kernel(): Promise<Kernel> {
    if (this.#state === 'closing') throw new EverwireError('draining', 'this server is going away: come back')
    try {
      return await this.#opened
    } catch (error) {
      throw new EverwireError('store-unavailable', 'the store could not be opened: try again later', {
        cause: error,
      })
    }
  }

  async stats(): Promise<Stats> {
    const { connections, hub } = await this.#opened
    return { connections: connections.size, channels: hub.topics, refused: this.#refusals.counts }
  }

  /** A server of our own ends with this. */
  owns(server: OwnServer): void {
    this.#servers.push(server)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #open(): Promise<Kernel> {
    const draining = () => this.#state === 'closing'
    const kernel = await this.#parts.open({ refused: this.site.refused, draining })
    const stopHeartbeat = startHeartbeat(kernel)
    const stopHealing = every(kernel.heartbeatMs / 4, () => void kernel.hub.heal().catch(kernel.report))
    this.#stopTicking = () => {
      stopHeartbeat()
      stopHealing()
    }
    if (this.#state === 'starting') this.#state = 'open'
    return kernel
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    const kernel = await this.#opened.catch(() => undefined)
    this.#stopTicking()
    kernel?.presence.close()
    for (const connection of kernel?.connections ?? []) connection.drain()
    await Promise.all(this.#servers.map((server) => server.close(closeGraceMs)))
    kernel?.hub.close()
    await kernel?.hub.log.close()
  }
}
