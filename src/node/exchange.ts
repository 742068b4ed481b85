import type { Exchange, Held, Reply, StreamLink } from '../server/exchange.ts'
import type { Clock } from '../server/kernel.ts'
import type { Limits } from '../session/limits.ts'
import type { SocketLink } from '../session/link.ts'
import { readBody } from './body.ts'
import type { NodeRequest, NodeResponse } from './request.ts'
import { hasGone, ResponseLink } from './stream.ts'
import { cutWhenStuck } from './stuck.ts'
import { holdHead } from './writer.ts'

export interface ExchangeSurroundings {
  readonly limits: Limits
  readonly clock: Clock
  /** The server closes: no connection is kept for another request. */
  readonly leaving: () => boolean
}

/** What is asked, as the place that took the request knows it. */
export interface Asked {
  /** Below the base path. */
  readonly path: string
  /** What the request stands for; absent: what it says. */
  readonly method?: string
  /** What the application knows the request as; absent: Node's request. */
  readonly raw?: unknown
  /** Completes a WebSocket handshake. */
  readonly upgrade?: () => SocketLink | undefined
}

/**
 * One request of a Node server as an exchange. Whatever goes wrong on the client's side (a reset, an early end)
 * tells who holds the exchange; nothing is thrown for it and nothing is logged.
 */
export class NodeExchange implements Exchange {
  readonly method: string
  readonly path: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly raw: unknown
  readonly upgrade: (() => SocketLink | undefined) | undefined
  readonly #request: NodeRequest
  #response: NodeResponse | (() => NodeResponse)
  readonly #around: ExchangeSurroundings
  #query: URLSearchParams | undefined
  #extra: Readonly<Record<string, string>> = {}

  /** `response` may be a function, called when something is answered: most handshakes never need a response. */
  constructor(
    request: NodeRequest,
    response: NodeResponse | (() => NodeResponse),
    how: Asked,
    around: ExchangeSurroundings,
  ) {
    this.#request = request
    this.#response = response
    this.#around = around
    this.method = how.method ?? request.method ?? 'GET'
    this.path = how.path
    this.target = request.url ?? '/'
    this.headers = headersOf(request)
    this.raw = how.raw ?? request
    this.upgrade = how.upgrade
    if (typeof response !== 'function') response.on('error', ignored)
  }

  // What not every request needs is looked up when it is asked for.

  get httpVersion(): '1.0' | '1.1' | '2.0' {
    if (this.#request.httpVersionMajor === 2) return '2.0'
    return this.#request.httpVersionMinor === 0 ? '1.0' : '1.1'
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(queryOf(this.target)))
  }

  get address(): string {
    return this.#request.socket?.remoteAddress ?? ''
  }

  hold(held: Held): Reply {
    // Of the rest, Node's response holds the request in any case.
    this.#query = undefined
    const response = this.#responding()
    if (hasGone(response)) queueMicrotask(() => held.gone())
    else response.once('close', () => held.gone())
    return this
  }

  #responding(): NodeResponse {
    if (typeof this.#response !== 'function') return this.#response
    this.#response = this.#response()
    this.#response.on('error', ignored)
    return this.#response
  }

  body(limit: number): Promise<Uint8Array> {
    return readBody(this.#request, limit, this.#around.limits.requestMs, this.#around.clock)
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void {
    const response = this.#responding()
    if (response.headersSent || response.destroyed) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const length = status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) }
    if ('assignSocket' in response && this.#around.leaving()) response.shouldKeepAlive = false
    writeHead(response, status, { ...this.#extra, ...headers, ...length })
    if (this.method === 'HEAD' || bytes.length === 0) response.end()
    else response.end(bytes)
    cutWhenStuck(response, this.#around.limits.stallMs)
  }

  setHeader(name: string, value: string): void {
    this.#extra = { ...this.#extra, [name]: value }
  }

  stream(status: number, headers: Readonly<Record<string, string>>): StreamLink {
    const response = this.#responding()
    writeHead(response, status, { ...this.#extra, ...headers })
    if ('assignSocket' in response) {
      // A request that is over is not ended once more, with an error and its stack, when its connection is cut.
      this.#request.resume()
      if (response.socket) holdHead(response.socket)
      response.flushHeaders()
    }
    return new ResponseLink(response, this.#around.limits, this.#around.clock)
  }
}

function writeHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  if (!('assignSocket' in response)) {
    response.writeHead(status, { ...headers })
    return
  }
  // Whoever asked for the end of the connection gets it.
  const { connection, ...rest } = headers
  const left = connection === undefined || (connection === 'keep-alive' && !response.shouldKeepAlive)
  response.writeHead(status, left ? rest : { ...rest, connection })
}

// A response that fails is a peer that has gone: its `close` says so.
function ignored(): void {}

type Fields = Readonly<Record<string, string | undefined>>

// Node's own, where it is what an exchange has: the most cookies that a client sets is none.
function headersOf(request: NodeRequest): Fields {
  if (isSingle(request.headers)) return request.headers
  const headers: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  headers['host'] ??= headers[':authority']
  return headers
}

function isSingle(headers: NodeRequest['headers']): headers is Fields & NodeRequest['headers'] {
  return headers['set-cookie'] === undefined && headers.host !== undefined
}

/** The query of a request target, without `?`. */
export function queryOf(target: string): string {
  const start = target.indexOf('?')
  return start < 0 ? '' : target.slice(start + 1)
}

/** The path of a request target, whatever its form (RFC 9112, 3.2). */
export function pathOf(target: string): string {
  if (target.startsWith('/')) {
    const end = target.indexOf('?')
    return end < 0 ? target : target.slice(0, end)
  }
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('?', 1)
  return path === '' ? '/' : path
}
