import { once } from 'node:events'
import { createServer, request as requestTo, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { visitorOf } from '../server/visitor.ts'
import { Faults } from './faults.ts'
import { mayBreak } from './permission.ts'
import type { Supervisor } from './supervisor.ts'

const target = '127.0.0.1'

/**
 * A reverse proxy in front of the application, honest until a visitor asks it to fail: then it cuts that visitor's
 * connections, refuses their upgrades or holds back their event streams, as networks do.
 */
export class Front {
  readonly #supervisor: Supervisor
  readonly #faults = new Faults()
  readonly #server = createServer((request, response) => this.#requested(request, response))
  /** What is under way for each visitor. */
  readonly #sockets = new Map<string, Set<Duplex>>()

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#server.on('upgrade', (request, socket, head) => this.#upgraded(request, socket, head))
  }

  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  async close(): Promise<void> {
    for (const visitor of this.#sockets.keys()) this.#cut(visitor)
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    if (!path.startsWith('/demo/')) return this.#forward(request, response)
    if (!mayBreak(request))
      return answer(response, 403, 'The demo can be broken from its own pages on this machine only.')
    if (path === '/demo/burst') return this.#forward(request, response)
    const visitor = visitorOf(request).id
    if (path === '/demo/block' || path === '/demo/buffer') {
      this.#faults.begin(visitor, 'block')
      if (path === '/demo/buffer') this.#faults.begin(visitor, 'buffer')
    } else if (path !== '/demo/drop' && path !== '/demo/restart') {
      return answer(response, 404, `There is no ${path}.`)
    }
    answer(response, 200)
    if (path === '/demo/restart') this.#supervisor.kill()
    else this.#cut(visitor, request.socket)
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const visitor = visitorOf(request).id
    const forget = this.#remember(visitor, request.socket)
    const { method, url: path, headers } = request
    // A connection for each request: one that is kept would fail the request after the application's death.
    const onward = requestTo({
      host: target,
      port: this.#supervisor.port ?? 0,
      method,
      path,
      headers,
      agent: false,
    })
    onward.on('response', (answered) => {
      const pass = () => {
        response.writeHead(answered.statusCode ?? 502, answered.rawHeaders)
        // An event stream's head must leave before its first event.
        response.flushHeaders()
        answered.pipe(response)
      }
      const isStream = answered.headers['content-type']?.startsWith('text/event-stream') === true
      const held = isStream ? this.#faults.left(visitor, 'buffer') : 0
      if (held === 0) return pass()
      const timer = setTimeout(pass, held)
      response.once('close', () => clearTimeout(timer))
    })
    // No answer of our own: the application is gone, and so is its connection.
    onward.on('error', () => request.socket.destroy())
    onward.on('response', (answered) => {
      answered.once('close', () => answered.complete || request.socket.destroy())
    })
    response.once('close', () => {
      forget()
      onward.destroy()
    })
    request.pipe(onward)
  }

  #upgraded(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {})
    const visitor = visitorOf(request).id
    if (this.#faults.left(visitor, 'block') > 0) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const forget = this.#remember(visitor, socket)
    const onward = connect({ host: target, port: this.#supervisor.port ?? 0, noDelay: true })
    onward.write(rawHead(request))
    onward.write(head)
    onward.pipe(socket).pipe(onward)
    onward.on('error', () => socket.destroy())
    onward.once('close', () => socket.destroy())
    socket.once('close', () => {
      forget()
      onward.destroy()
    })
  }

  #cut(visitor: string, except?: Duplex): void {
    for (const socket of this.#sockets.get(visitor) ?? []) if (socket !== except) socket.destroy()
  }

  #remember(visitor: string, socket: Duplex): () => void {
    const mine = this.#sockets.get(visitor) ?? new Set()
    this.#sockets.set(visitor, mine.add(socket))
    return () => {
      mine.delete(socket)
      if (mine.size === 0) this.#sockets.delete(visitor)
    }
  }
}

function rawHead({ method, url, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/1.1\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${head}\r\n`
}

function answer(response: ServerResponse, status: number, message?: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(message === undefined ? {} : { error: { message } }))
}
