import { setTimeout as wait } from 'node:timers/promises'
import { EverwireError } from '../protocol/codes.ts'
import { Doctor } from '../server/doctor/doctor.ts'
import { drain } from '../server/drain.ts'
import type { Health } from '../server/health.ts'
import { startHeartbeat } from '../server/heartbeat.ts'
import type { Kernel } from '../server/kernel.ts'
import type { Site } from '../server/router.ts'
import { Refusals, type Stats } from '../server/stats.ts'
import { UnderWay } from '../server/under-way.ts'
import { draining } from '../session/refusal.ts'
import type { Surroundings } from './attach.ts'
import { every, nodeClock } from './clock.ts'
import type { OwnServer } from './listen.ts'
import { SocketAcceptor } from './socket.ts'

/** How long a close waits, in the end, for what was said to leave. */
const leaveGraceMs = 2_000

export interface ServiceParts
  extends
    Pick<Kernel, 'limits' | 'compression' | 'heartbeatMs' | 'retryMs' | 'report'>,
    Pick<Site, 'origins'> {
  /** Whether `doctor` is served below the base path. */
  readonly doctor: boolean
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
  #kernel: Kernel | undefined
  readonly #servers: OwnServer[] = []
  readonly #underWay = new UnderWay()
  #state: 'starting' | 'open' | 'failed' | 'closing' = 'starting'
  #stopTicking = () => {}
  #closed: Promise<void> | undefined

  constructor(parts: ServiceParts) {
    const { limits, compression, origins, retryMs, report, doctor } = parts
    this.#parts = parts
    this.around = {
      limits,
      clock: nodeClock,
      sockets: new SocketAcceptor(limits, compression, nodeClock),
      leaving: () => this.#state === 'closing',
    }
    this.site = {
      limits,
      origins,
      retryMs,
      report,
      doctor: doctor ? new Doctor(nodeClock) : undefined,
      refused: (code) => this.#refusals.count(code),
      health: () => this.health,
      work: (run) => this.work(run),
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

  /**
   * Runs with the kernel, at once when it is open; a close waits for it. Throws, or rejects with, `draining` once it closes,
   * `store-unavailable` when it could not open.
   */
  work<T>(run: (kernel: Kernel) => T | Promise<T>): T | Promise<T> {
    const kernel = this.#kernel
    // Hot path: whoever publishes or connects does not wait for what has opened long ago.
    if (kernel && this.#state === 'open') return this.#underWay.run(() => run(kernel))
    return this.#underWay.run(async () => run(await this.#serving()))
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

  async #serving(): Promise<Kernel> {
    if (this.#state === 'closing') throw draining()
    try {
      return await this.#opened
    } catch (error) {
      throw new EverwireError('store-unavailable', 'the store could not be opened: try again later', {
        cause: error,
      })
    }
  }

  async #open(): Promise<Kernel> {
    const kernel = await this.#parts.open({
      refused: this.site.refused,
      draining: () => this.#state === 'closing',
    })
    const stopHeartbeat = startHeartbeat(kernel)
    const stopHealing = every(kernel.heartbeatMs / 4, () => void kernel.hub.heal().catch(kernel.report))
    this.#stopTicking = () => {
      stopHeartbeat()
      stopHealing()
    }
    if (this.#state === 'starting') this.#state = 'open'
    this.#kernel = kernel
    return kernel
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    const kernel = await this.#opened.catch(() => undefined)
    kernel?.presence.close()
    if (kernel) {
      const { limits, report } = this.#parts
      const busy = () => this.#underWay.any
      await drain({
        connections: kernel.connections,
        report,
        windowMs: limits.drainMs,
        busy,
        elapsed: nodeClock.elapsed,
        wait,
      })
    }
    this.#stopTicking()
    await Promise.all(this.#servers.map((server) => server.close(leaveGraceMs)))
    kernel?.hub.close()
    await kernel?.hub.log.close()
  }
}
