import type {
  AnyName,
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
import { attachTo, type NodeServer, type Taker, type Target } from './node/attach.ts'
import { nodeClock } from './node/clock.ts'
import { NodeExchange } from './node/exchange.ts'
import { hosted, type Route, type RouteRequest } from './node/hosts.ts'
import { OwnServer, type Tls } from './node/listen.ts'
import { Service } from './node/service.ts'
import { writeNow } from './node/writer.ts'
import { channelTable, checkOptions, originRules, type Config, type EverwireOptions } from './options.ts'
import { channelName } from './protocol/channel.ts'
import { EverwireError } from './protocol/codes.ts'
import { decodePublication } from './protocol/decode.ts'
import type { HistoryAnswer, PublishAnswer } from './protocol/messages.ts'
import { Handlers, type HandlerRequest } from './server/handlers.ts'
import { readHistory, type HistoryPart } from './server/history.ts'
import { paramsOf } from './server/path.ts'
import { openKernel } from './server/open.ts'
import { serveOwnSse, type OwnStreamOptions } from './server/own-sse.ts'
import { serve, serveOwn, type Serve } from './server/router.ts'
import type { Stats } from './server/stats.ts'
import type { SocketRoute } from './server/translation.ts'
import { serveSocketRoute } from './server/websocket.ts'
import type { Member } from './session/presence.ts'
import { openBorder } from './session/border.ts'
import type { ChannelTable } from './session/channels.ts'
import { isLoopback } from './session/origins.ts'

/** The principal of what the application itself publishes; no user can have it. */
const applicationId = '$application'

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

/** Who serves a path, if it is theirs. */
type OwnRoute = (path: string) => Target | undefined

/** One server; see `everwire`. */
export class Everwire<User = unknown, C extends Contract = Contract> {
  readonly #config: Config
  readonly #channels: ChannelTable
  readonly #handlers = new Handlers()
  readonly #routes: OwnRoute[] = []
  readonly #service: Service

  /** Made by `everwire`. */
  constructor(config: Config) {
    this.#config = config
    this.#channels = channelTable(config)
    const report = (error: unknown) => config.logger.error({ err: error }, 'a fault of the server')
    const shared = { ...config, origins: originRules(config), report }
    this.#service = new Service({
      ...shared,
      open: async (running) =>
        openKernel({
          ...shared,
          ...running,
          log: await openLog(config, this.#channels, report),
          channels: this.#channels,
          authenticate: config.authenticate,
          userId: config.userId,
          border: config.contract ? new ContractBorder(config.contract) : openBorder,
          handlers: this.#handlers,
          clock: nodeClock,
          leave: writeNow,
          now: Date.now,
        }),
    })
  }

  /** Fulfilled once the store is open; rejected when it cannot be opened. */
  async ready(): Promise<void> {
    await this.#service.ready()
  }

  /**
   * Serves everything under `base`, and `GET /healthz`, on a server of node:http, node:https or node:http2, before the
   * application sees it; all else goes on to the application, whose listeners may be there already or come later.
   */
  attach(server: NodeServer, base = '/wire'): this {
    attachTo(server, this.#below(base), this.#service.around)
    return this
  }

  #below(base: string): Taker {
    const below = `${base.replace(/\/+$/, '')}/`
    const find = (path: string, upgrade: boolean): Target | undefined => {
      for (const route of upgrade ? this.#routes : []) {
        const target = route(path)
        if (target) return target
      }
      const ours =
        path === '/healthz' ? path : path.startsWith(below) ? path.slice(below.length - 1) : undefined
      return ours === undefined
        ? undefined
        : { path: ours, serve: (exchange) => serve(this.#service.site, exchange) }
    }
    return { find }
  }

  /**
   * Serves on a port of its own (0: any free one), once the store is open. With `dev: true` on loopback only; otherwise
   * on all addresses unless `host` is given. With `tls` it speaks HTTP/2, WebSockets included, and HTTP/1.1 with those who
   * know nothing else. Throws an Error when it cannot listen there, or when `tls` is no certificate with its key.
   */
  async listen(
    port: number,
    host?: string,
    tls?: Tls,
  ): Promise<{ readonly port: number; readonly url: string }> {
    const { dev, limits } = this.#config
    if (dev && host !== undefined && !isLoopback(host)) {
      throw new Error(
        `dev: true opens every channel to everybody, so it listens on loopback only, not on ${host}`,
      )
    }
    await this.ready()
    const own = new OwnServer(limits, tls)
    own.take(this.#below('/wire'), this.#service.around)
    const address = await own.listen(port, host ?? (dev ? '127.0.0.1' : undefined))
    this.#service.owns(own)
    const name = host?.includes(':') ? `[${host}]` : (host ?? (dev ? '127.0.0.1' : 'localhost'))
    return { port: address.port, url: `${tls ? 'https' : 'http'}://${name}:${address.port}` }
  }

  /**
   * Publishes as the application: no rights are checked, the contract is. Fulfilled when it is as durable as the store
   * promises; a repeat with the same key is answered like the first. Throws an EverwireError: `forbidden` for a channel
   * without a rule, `bad-payload`, `too-large`, `key-reused`, `store-unavailable`.
   */
  async publish<const N extends AnyName<C>, E extends EventName<C, N>>(
    channel: Known<C, N>,
    event: E,
    data: DataIn<C, N, E>,
    options: PublishOptions = {},
  ): Promise<PublishAnswer> {
    const { key, slot, removed } = options
    const publishing = this.#service.work(({ publisher }) => {
      const publication = decodePublication({ channel, event, data, key, slot, removed })
      this.#assertRule(publication.channel)
      return publisher.publish(applicationId, [publication])
    })
    const [answer] = publishing instanceof Promise ? await publishing : publishing
    if (!answer) throw new Error('a publication has one answer')
    return answer
  }

  /** The log's position: taken before the application reads its state, it makes the first load free of races. */
  async position(): Promise<string> {
    return this.#service.work(({ hub }) => hub.position())
  }

  /** One page of a channel's history, oldest first unless asked otherwise. Throws `bad-position`. */
  async history<const N extends AnyName<C>>(
    channel: Known<C, N>,
    part: HistoryPart = {},
  ): Promise<HistoryAnswer> {
    return this.#service.work(({ hub }) => readHistory(hub, channelName(channel), part))
  }

  /** Who is in a channel: the first 200. Approximate for up to a minute after somebody went without a word. */
  async members<const N extends AnyName<C>>(channel: Known<C, N>): Promise<readonly Member[]> {
    return this.#service.work(({ presence }) => presence.members(channelName(channel)))
  }

  /**
   * A WebSocket route of the application's own, in its own message shapes, on the servers that this was attached to:
   * `/v1/ws`, or `/rooms/:room/ws`, whose `session.request.params.room` is any one segment. Channel rules and origins hold as everywhere.
   */
  websocket(path: string, route: SocketRoute<User> = {}): this {
    const { site } = this.#service
    const serveRoute = serveSocketRoute(route, site.report)
    this.#routes.push((asked) => {
      const params = paramsOf(path, asked)
      if (!params) return undefined
      const work: Serve = (kernel, exchange) => serveRoute(kernel, exchange, params)
      return { path: asked, serve: (exchange) => serveOwn(site, exchange, work) }
    })
    return this
  }

  /**
   * Answers requests of clients to channels of `pattern`. What the handler throws is `handler-failed` to the client,
   * unless it is an EverwireError. Throws an Error when pattern and event have a handler already.
   */
  handle<const N extends AnyName<C>, E extends RequestName<C, N>>(
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
      const exchange = new NodeExchange(request, response, { path: '/sse', raw }, this.#service.around)
      serveOwn(this.#service.site, exchange, async (kernel) => {
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
  stats(): Promise<Stats> {
    return this.#service.stats()
  }

  /**
   * Takes no more work, answers what it has begun, ends every stream in the way from which its kind of client comes
   * back, and closes the store. Up to 100 connections end at once, more are spread over up to `limits.drainMs` (5 s);
   * whoever neither finishes nor reads is waited for no longer than 4 s more.
   * Servers that were given to `attach` stay open; on them new requests are answered `draining`.
   */
  close(): Promise<void> {
    return this.#service.close()
  }

  #assertRule(channel: string): void {
    if (this.#channels.find(channel)) return
    throw new EverwireError(
      'forbidden',
      `no rule matches ${JSON.stringify(channel)}: add a pattern for it to the option "channels"`,
    )
  }
}

async function openLog(
  { store, logger }: Config,
  channels: ChannelTable,
  report: (error: unknown) => void,
): Promise<Log> {
  if (typeof store === 'object') return store
  const rules = (channel: string) => channels.log(channel)
  if (store === undefined) return memoryLog({ rules })
  return sqliteLog({ path: store, rules, report, warn: (message) => logger.warn({}, message) })
}
