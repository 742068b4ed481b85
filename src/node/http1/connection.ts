import type { Socket } from 'node:net'
import type { Held } from '../../server/exchange.ts'
import type { SocketLink } from '../../session/link.ts'
import type { Wait, Waiting } from '../../session/waits.ts'
import { pathOf } from '../exchange.ts'
import { leave, takeFrom, whoTakes, type Taking } from '../taking.ts'
import { Http1Exchange } from './exchange.ts'
import type { Front, Serving } from './front.ts'
import { plainRequest } from './request.ts'

/**
 * A connection of HTTP/1.1 whose plain requests are read and answered here: node:http keeps 11 kB for a request that stays
 * unanswered, which is what event streams and polls are, and takes longer for one that is answered at once. The first
 * request that is anything else, or not for us, makes it a connection of node:http, from that request on.
 */
export class Http1Connection implements Serving, Waiting, Taking {
  readonly socket: Socket
  readonly front: Front
  #keep = true
  /** `waiting` for a request, `serving` one, or `left`: somebody else's. */
  #state: 'waiting' | 'serving' | 'left' = 'waiting'
  /** Who is being answered. */
  #served: Held | undefined
  /** What the peer has sent before it was answered. */
  #behind: Buffer | undefined
  /** For a request. Not by the socket's own time-out, which leaves 176 bytes with it for as long as it lives. */
  #wait: Wait | undefined

  constructor(socket: Socket, front: Front) {
    this.socket = socket
    this.front = front
  }

  begin(): void {
    takeFrom(this.socket, this)
    this.socket.on('error', ignored)
    this.#await(this.front.headersMs)
  }

  #await(ms: number): void {
    this.#wait = this.front.waits.begin(ms, this)
  }

  #awaitNoMore(): void {
    if (this.#wait) this.front.waits.end(this.#wait)
    this.#wait = undefined
  }

  /** Nothing was asked for so long. */
  waited(): void {
    this.socket.destroy()
  }

  get waiting(): boolean {
    return this.#state === 'waiting'
  }

  get keeps(): boolean {
    if (this.front.around.leaving()) this.#keep = false
    return this.#keep
  }

  taken(chunk: Buffer): void {
    if (this.#state === 'serving') {
      // Pipelined (RFC 9112, 9.3.2). Nothing more is read until its turn comes.
      this.#behind = chunk
      this.socket.pause()
      return
    }
    const request = plainRequest(chunk)
    const target = request && this.front.taker.find(pathOf(request.target), request.upgrade)
    if (!target) return this.#pass(chunk)
    this.#awaitNoMore()
    this.#state = 'serving'
    this.#keep = request.keep
    target.serve(new Http1Exchange(this, request, target.path))
  }

  served(served: Held): void {
    const before = this.#served
    this.#served = before ? { gone: () => (before.gone(), served.gone()) } : served
    if (this.socket.destroyed) queueMicrotask(() => this.gone())
  }

  upgrade(headers: Readonly<Record<string, string>>): SocketLink | undefined {
    const { socket, front } = this
    const behind = this.#behind ?? Buffer.alloc(0)
    // It takes over from this one.
    const link = front.around.sockets.accept(headers, socket, behind)
    if (!link) return undefined
    this.#leave()
    socket.resume()
    return link
  }

  answered(): void {
    const { socket } = this
    if (socket.writableLength === 0) return this.#next()
    socket.setTimeout(this.front.around.limits.stallMs, onTimeout)
    socket.write(nothing, () => this.#next())
  }

  #next(): void {
    const { socket } = this
    if (this.#state !== 'serving') return
    if (socket.timeout) socket.setTimeout(0, onTimeout)
    this.#state = 'waiting'
    this.gone()
    if (socket.destroyed) return
    if (!this.#keep) return socket.destroySoon()
    const behind = this.#behind
    if (!behind) return this.#await(this.front.keepAliveMs)
    this.#behind = undefined
    this.#pass(behind)
    socket.resume()
  }

  #pass(chunk: Buffer): void {
    const { socket } = this
    this.#leave()
    leave(socket)
    socket.unshift(chunk)
    this.front.pass(socket)
  }

  #leave(): void {
    this.#state = 'left'
    this.#awaitNoMore()
  }

  /** Whoever sends no more reads no more either, as in node:http. */
  ended(): void {
    this.gone()
    this.socket.destroySoon()
  }

  closed(): void {
    this.#awaitNoMore()
    this.gone()
  }

  gone(): void {
    const served = this.#served
    this.#served = undefined
    served?.gone()
  }
}

/** Whether nothing is asked on it, so that it may be closed. */
export function isWaiting(socket: Socket): boolean {
  const taking = whoTakes(socket)
  return taking instanceof Http1Connection && taking.waiting
}

const nothing = new Uint8Array(0)

function onTimeout(this: Socket): void {
  this.destroy()
}

/** A peer that resets has gone: `close` says so. */
function ignored(): void {}
