import type { EventEmitter } from 'node:events'
import { ServerResponse, type IncomingMessage } from 'node:http'
import { Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../server/exchange.ts'
import { NodeExchange, pathOf, type ExchangeSurroundings } from './exchange.ts'
import type { NodeRequest, NodeResponse } from './request.ts'
import type { SocketAcceptor } from './socket.ts'
import { firstProtocol } from './websocket/handshake.ts'

/** A server of node:http, node:https or node:http2. */
export type NodeServer = EventEmitter

/** What takes the requests of a server; those that it does not want go on to the application. */
export interface Taker {
  /** Who serves this path, as a request or as an upgrade to a WebSocket; undefined: not ours. */
  find(path: string, upgrade: boolean): Target | undefined
}

export interface Target {
  /** The path as an exchange has it: below the base path. */
  readonly path: string
  /** Must not throw. */
  serve(exchange: Exchange): void
}

export interface Surroundings extends ExchangeSurroundings {
  readonly sockets: SocketAcceptor
}

interface Attached {
  readonly taker: Taker
  readonly around: Surroundings
}

const attached = new WeakMap<NodeServer, Attached[]>()

/**
 * Puts a taker before everything that listens to a server's requests and upgrades, now or later; of several takers
 * the first one that wants a path gets it.
 */
export function attachTo(server: NodeServer, taker: Taker, around: Surroundings): void {
  const takers = attached.get(server) ?? []
  if (takers.push({ taker, around }) > 1) return
  attached.set(server, takers)
  overrideEmit(server, (request, upgrade) => {
    const path = pathOf(request.url ?? '/')
    for (const each of takers) {
      const target = each.taker.find(path, upgrade)
      if (target) return { target, around: each.around }
    }
    return undefined
  })
}

type Find = (
  request: NodeRequest,
  upgrade: boolean,
) => { readonly target: Target; readonly around: Surroundings } | undefined

// Only in `emit` can a request be kept from listeners that come later.
function overrideEmit(server: NodeServer, find: Find): void {
  const emit = server.emit
  const onward = (name: string | symbol, ...args: unknown[]) => Reflect.apply(emit, server, [name, ...args])

  const requested = (
    name: 'request' | 'checkContinue',
    request: NodeRequest,
    response: NodeResponse,
  ): boolean => {
    const found = find(request, false)
    if (found) {
      if (name === 'checkContinue') response.writeContinue()
      found.target.serve(new NodeExchange(request, response, { path: found.target.path }, found.around))
      return true
    }
    if (name === 'checkContinue' || others(server, name)) return onward(name, request, response)
    response.statusCode = 404
    response.end()
    return true
  }
  const upgraded = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    const found = find(request, true)
    if (found) {
      found.target.serve(upgradeExchange(request, socket, head, found.target.path, found.around))
      return true
    }
    if (others(server, 'upgrade')) return onward('upgrade', request, socket, head)
    // Nobody else wants upgrades: without us Node would have given this to the application as a plain request.
    socket.on('error', ignored)
    return requested('request', request, plainResponse(request, socket))
  }
  const connected = (request: Http2ServerRequest, response: Http2ServerResponse): boolean => {
    const found = request.headers[':protocol'] === 'websocket' ? find(request, true) : undefined
    if (!found) return onward('connect', request, response)
    found.target.serve(connectExchange(request, response, found.target.path, found.around))
    return true
  }

  server.emit = (name: string | symbol, ...args: unknown[]): boolean => {
    // What Node emits with these names.
    const [request, second, head] = args as [IncomingMessage, unknown, Buffer]
    if (name === 'request' || name === 'checkContinue')
      return requested(name, request, second as NodeResponse)
    if (name === 'connect' && args[0] instanceof Http2ServerRequest)
      return connected(args[0], second as Http2ServerResponse)
    return name === 'upgrade' ? upgraded(request, second as Duplex, head) : onward(name, ...args)
  }
  // Node gives upgrades, and node:http2 requests, only to servers that somebody listens to.
  server.on('request', nobody).on('upgrade', nobody)
  leaveOtherUpgrades(server, (request) => find(request, true) !== undefined)
}

function nobody(): void {}

function others(server: NodeServer, event: 'request' | 'upgrade'): boolean {
  return server.listeners(event).some((listener) => listener !== nobody)
}

/**
 * Lets Node (from 24.9 on) give upgrades that nobody here wants to the application as plain requests, bodies included:
 * some HTTP clients offer h2c with every POST.
 */
function leaveOtherUpgrades(server: NodeServer, ours: (request: IncomingMessage) => boolean): void {
  const before: unknown = Reflect.get(server, 'shouldUpgradeCallback')
  if (typeof before !== 'function') return
  Reflect.set(server, 'shouldUpgradeCallback', (request: IncomingMessage): boolean => {
    const webSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (webSocket && ours(request)) return true
    return others(server, 'upgrade') && Reflect.apply(before, server, [request]) === true
  })
}

function upgradeExchange(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
  around: Surroundings,
): NodeExchange {
  // A peer that resets here has gone, that is all.
  socket.on('error', ignored)
  let answered = false
  const responding = () => {
    answered = true
    return plainResponse(request, socket)
  }
  const upgrade = () => {
    if (answered || socket.destroyed || !(socket instanceof Socket)) return undefined
    return around.sockets.accept(request.headers, socket, head)
  }
  return new NodeExchange(request, responding, { path, upgrade }, around)
}

/** A WebSocket over HTTP/2 asks by an extended CONNECT (RFC 8441), which stands for the GET of a handshake. */
function connectExchange(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  path: string,
  around: Surroundings,
): NodeExchange {
  const upgrade = () => {
    if (response.headersSent || request.stream.destroyed) return undefined
    const protocol = firstProtocol(request.headers)
    response.writeHead(200, protocol === undefined ? {} : { 'sec-websocket-protocol': protocol })
    return around.sockets.acceptStream(request.stream)
  }
  return new NodeExchange(request, response, { path, method: 'GET', upgrade }, around)
}

/** A response over a socket that Node has given away with an upgrade; the connection ends with it. */
function plainResponse(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  if (socket instanceof Socket) response.assignSocket(socket)
  response.once('finish', () => {
    if (!(socket instanceof Socket)) return void socket.end()
    response.detachSocket(socket)
    // Not \`end\`: a peer that never ends its side would keep the socket for ever.
    socket.destroySoon()
  })
  return response
}

// Written here, where it holds on to nothing: written in place it would keep the response as long as the socket lives.
function ignored(): void {}
