import type {
  Contract,
  DataIn,
  EventName,
  Known,
  RequestName,
  RequestSeen,
  ResponseIn,
} from './contract/types.ts'
import { ContractBorder } from './contract/border.ts'
import { memoryLog } from './log/memory.ts'
import { sqliteLog } from './log/sqlite.ts'
import type { Log } from './log/log.ts'
import { attachTo, type NodeServer, type Surroundings, type Target } from './node/attach.ts'
import { every, nodeClock } from './node/clock.ts'
import { NodeExchange } from './node/exchange.ts'
import { hosted, type Route, type RouteRequest } from './node/hosts.ts'
import { closeServer, listening, ownServer } from './node/listen.ts'
import { SocketAcceptor } from './node/socket.ts'
import { channelTable, checkOptions, originRules, type Config, type EverwireOptions } from './options.ts'
import { channelName } from './protocol/channel.ts'
import { EverwireError } from './protocol/codes.ts'
import { decodePublication } from './protocol/decode.ts'
import type { HistoryAnswer, PublishAnswer } from './protocol/messages.ts'
import { Handlers, type HandlerRequest } from './server/handlers.ts'
import type { Health } from './server/health.ts'
import { readHistory, type HistoryPart } from './server/history.ts'
import type { Kernel } from './server/kernel.ts'
import { openKernel } from './server/open.ts'
import { serveOwnSse, type OwnStreamOptions } from './server/own-sse.ts'
import { serve, serveOwn, type Site } from './server/router.ts'
import { Refusals, type Stats } from './server/stats.ts'
import { openBorder } from './session/border.ts'
import type { ChannelTable } from './session/channels.ts'
import { isLoopback } from './session/origins.ts'

/** The principal of what the application itself publishes; no user can have it. */
const applicationId = '$application'
/** How long `close` waits for streams to end and answers to leave. */
const closeGraceMs = 2_000

type Channels = string | readonly string[]

export interface PublishOptions {
  /** Makes a retry take effect once within the log's window. */
  key?: string
  /** `keep: 'latest'`: which value this replaces. */
  slot?: string
  /** `keep: 'latest'`: removes the slot; the data is not looked at. */
  removed?: boolean
}

/** What a handler gets; typed by the contract. */
export interface HandledRequest<User, C extends Contract, N extends string, E extends string> extends Omit<
  HandlerRequest<User>,
  'data'
> {
  readonly data: RequestSeen<C, N, E>
}

/**
 * A real-time server. It starts at once and opens its store meanwhile: what is asked before it is ready waits. Throws
 * an Error that names what is wrong with the options.
 */
export function everwire<User = unknown, const C extends Contract = Contract>(
  options: EverwireOptions<User, C> = {},
): Everwire<User, C> {
  return new Everwire<User, C>(checkOptions(options))
}

export class Everwire<User = unknown, C extends Contract = Contract> {
  readonly #config: Config
  readonly #channels: ChannelTable
  readonly #handlers = new Handlers()
  readonly #refusals = new Refusals()
  readonly #site: Site
  readonly #around: Surroundings
  readonly #opened: Promise<Kernel>
  readonly #servers: ReturnType<typeof ownServer>[] = []
  #state: 'starting' | 'open' | 'failed' | 'closing' = 'starting'
  #stopTicking = () => {}
  #closed: Promise<void> | undefined

  /** Made by `everwire`. */
  constructor(config: Config) {
    this.#config = config
    this.#channels = channelTable(config)
    const report = (error: unknown) => config.logger.error({ err: error }, 'a fault of the server')
    const refused = this.#refusals.count.bind(this.#refusals)
    const { limits } = config
    const sockets = new SocketAcceptor(limits, config.compression, Date.now)
    this.#around = { limits, clock: nodeClock, now: Date.now, sockets }
    this.#site = {
      limits,
      origins: originRules(config),
      report,
      refused,
      retryMs: config.retryMs,
      health: () => this.#health,
      kernel: () => this.#kernel(),
    }
    this.#opened = this.#open()
    // Whoever asks gets the failure; nobody may be asking yet.
    this.#opened.catch((error: unknown) => {
      this.#state = 'failed'
      report(error)
    })
  }

  /** Fulfilled once the store is open; rejected when it cannot be opened. */
  async ready(): Promise<void> {
    await this.#opened
  }

  /**
   * Serves everything under `base`, and `GET /healthz`, on a server of node:http, node:https or node:http2, before the
   * application sees it; all else goes on to the application, whose listeners may be there already or come later.
   */
  attach(server: NodeServer, base = '/wire'): this {
    const below = `${base.replace(/\/+$/, '')}/`
    const find = (path: string): Target | undefined => {
      const ours =
        path === '/healthz' ? path : path.startsWith(below) ? path.slice(below.length - 1) : undefined
      return ours === undefined
        ? undefined
        : { path: ours, serve: (exchange) => void serve(this.#site, exchange) }
    }
    attachTo(server, { find }, this.#around)
    return this
  }

  /**
   * Serves on a port of its own (0: any free one), once the store is open. With `dev: true` on loopback only; otherwise
   * on all addresses unless `host` is given.
   */
  async listen(port: number, host?: string): Promise<{ readonly port: number; readonly url: string }> {
    const { dev, limits } = this.#config
    if (dev && host !== undefined && !isLoopback(host)) {
      throw new Error(
        `dev: true opens every channel to everybody, so it listens on loopback only, not on ${host}`,
      )
    }
    await this.ready()
    const server = ownServer(limits)
    this.attach(server)
    const address = await listening(server, port, host ?? (dev ? '127.0.0.1' : undefined))
    this.#servers.push(server)
    const name = host?.includes(':') ? `[${host}]` : (host ?? (dev ? '127.0.0.1' : 'localhost'))
    return { port: address.port, url: `http://${name}:${address.port}` }
  }

  /**
   * Publishes as the application: no rights are checked, the contract is. Fulfilled when it is as durable as the store
   * promises; a repeat with the same key is answered like the first. Throws an EverwireError: `forbidden` for a channel
   * without a rule, `bad-payload`, `too-large`, `key-reused`, `store-unavailable`.
   */
  async publish<const N extends string, E extends EventName<C, N>>(
    channel: Known<C, N>,
    event: E,
    data: DataIn<C, N, E>,
    options: PublishOptions = {},
  ): Promise<PublishAnswer> {
    const kernel = await this.#kernel()
    const publication = decodePublication({ channel, event, data, ...options })
    this.#assertRule(publication.channel)
    const [answer] = await kernel.publisher.publish(applicationId, [publication])
    if (!answer) throw new Error('a publication has one answer')
    return answer
  }

  /** The log's position: taken before the application reads its state, it makes the first load free of races. */
  async position(): Promise<string> {
    return (await this.#kernel()).hub.position()
  }

  /** One page of a channel's history, oldest first unless asked otherwise. Throws `bad-position`. */
  async history<const N extends string>(
    channel: Known<C, N>,
    part: HistoryPart = {},
  ): Promise<HistoryAnswer> {
    return readHistory((await this.#kernel()).hub, channelName(channel), part)
  }

  /**
   * Answers requests of clients to channels of `pattern`. What the handler throws is `handler-failed` to the client,
   * unless it is an EverwireError. Throws an Error when pattern and event have a handler already.
   */
  handle<const N extends string, E extends RequestName<C, N>>(
    pattern: Known<C, N>,
    event: E,
    handler: (request: HandledRequest<User, C, N, E>) => ResponseIn<C, N, E> | Promise<ResponseIn<C, N, E>>,
  ): this {
    // The border has brought the data to the contract's type, and the guard the user to authenticate's.
    this.#handlers.add(String(pattern), event, (request) => handler(request as HandledRequest<User, C, N, E>))
    return this
  }

  /**
   * An event stream as a route of the application's own, in Express, Fastify, Hono on @hono/node-server and node:http:
   *
   *     app.get('/v1/pets/:id/updates', wire.sse((request) => `pets/${request.params.id}`))
   *
   * `channelsOf` gets what the host gives its routes. The channels' rules hold for it as everywhere; `authenticate` gets
   * the host's request as `raw`.
   */
  sse<Request = RouteRequest>(
    channelsOf: (request: Request) => Channels | Promise<Channels>,
    options: OwnStreamOptions = {},
  ): Route {
    const route = (first: unknown, second?: unknown) => {
      const { request, response, raw, answer } = hosted(first, second)
      const exchange = new NodeExchange(request, response, { path: '/sse', raw }, this.#around)
      void serveOwn(this.#site, exchange, async (kernel) => {
        // What the host gives its routes: the caller says what that is.
        const channels = await channelsOf(first as Request)
        await serveOwnSse(kernel, exchange, typeof channels === 'string' ? [channels] : channels, options)
      })
      return answer
    }
    // What is answered depends on the host, as `Route` says.
    return route as Route
  }

  /** What has happened since the start, and what is there now. */
  async stats(): Promise<Stats> {
    const { connections, hub } = await this.#opened
    return { connections: connections.size, channels: hub.topics, refused: this.#refusals.counts }
  }

  /**
   * Takes no more work, ends every stream in the way from which its kind of client comes back, and closes the store.
   * Servers that were given to `attach` stay open; on them new requests are answered `draining`.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #open(): Promise<Kernel> {
    const config = this.#config
    const channels = this.#channels
    const log = await openLog(config.store, channels)
    const kernel = await openKernel({
      ...config,
      log,
      channels,
      origins: this.#site.origins,
      authenticate: config.authenticate,
      userId: config.userId,
      border: config.contract ? new ContractBorder(config.contract) : openBorder,
      handlers: this.#handlers,
      clock: nodeClock,
      now: Date.now,
      refused: this.#site.refused,
      report: this.#site.report,
      draining: () => this.#state === 'closing',
    })
    this.#stopTicking = every(config.heartbeatMs / 4, () => this.#tick(kernel))
    if (this.#state === 'starting') this.#state = 'open'
    return kernel
  }
  #tick(kernel: Kernel): void {
    const now = Date.now()
    for (const connection of kernel.connections) connection.tick(now)
    kernel.hub.heal().catch(kernel.report)
  }

  async #kernel(): Promise<Kernel> {
    if (this.#state === 'closing') throw new EverwireError('draining', 'this server is going away: come back')
    try {
      return await this.#opened
    } catch (error) {
      throw new EverwireError('store-unavailable', 'the store could not be opened: try again later', {
        cause: error,
      })
    }
  }

  get #health(): Health {
    const health = {
      starting: 'starting',
      open: 'ok',
      failed: 'store-unavailable',
      closing: 'draining',
    } as const
    return health[this.#state]
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    const kernel = await this.#opened.catch(() => undefined)
    this.#stopTicking()
    for (const connection of kernel?.connections ?? []) connection.drain()
    await Promise.all(this.#servers.map((server) => closeServer(server, closeGraceMs)))
    kernel?.hub.close()
    await kernel?.hub.log.close()
  }

  #assertRule(channel: string): void {
    if (this.#channels.find(channel)) return
    throw new EverwireError(
      'forbidden',
      `no rule matches ${JSON.stringify(channel)}: add a pattern for it to the option "channels"`,
    )
  }
}

async function openLog(store: string | Log | undefined, channels: ChannelTable): Promise<Log> {
  if (typeof store === 'object') return store
  const rules = (channel: string) => channels.log(channel)
  if (store === undefined) return memoryLog({ rules })
  return sqliteLog({ path: store, rules })
}
