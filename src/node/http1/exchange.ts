import { IncomingMessage } from 'node:http'
import type { Exchange, Held, Reply, StreamLink } from '../../server/exchange.ts'
import type { SocketLink } from '../../session/link.ts'
import { tooLarge } from '../body.ts'
import { queryOf } from '../exchange.ts'
import type { Serving } from './front.ts'
import { Http1Reply } from './reply.ts'
import type { PlainRequest } from './request.ts'

type Fields = Readonly<Record<string, string>>

/** A plain request as an exchange. */
export class Http1Exchange implements Exchange {
  readonly method: string
  readonly httpVersion = '1.1'
  readonly path: string
  readonly target: string
  readonly headers: Fields
  readonly upgrade: (() => SocketLink | undefined) | undefined
  readonly #connection: Serving
  readonly #reply: Http1Reply
  readonly #body: Uint8Array
  #query: URLSearchParams | undefined
  #raw: IncomingMessage | undefined

  constructor(connection: Serving, request: PlainRequest, path: string) {
    this.method = request.method
    this.path = path
    this.target = request.target
    this.headers = request.headers
    this.#connection = connection
    this.#reply = new Http1Reply(connection)
    this.#body = request.body
    this.upgrade = request.upgrade ? () => this.#upgrade() : undefined
  }

  // What not every request needs is looked up when it is asked for.

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(queryOf(this.target)))
  }

  get address(): string {
    return this.#connection.socket.remoteAddress ?? ''
  }

  /** The request as node:http has it, for the application. */
  get raw(): IncomingMessage {
    return (this.#raw ??= asIncoming(this.#connection, this, this.#body))
  }

  async body(limit: number): Promise<Uint8Array> {
    const { length } = this.#body
    if (length > limit) throw tooLarge(length, limit)
    return this.#body
  }

  answer(status: number, headers: Fields, body: string | Uint8Array): void {
    this.#reply.answer(status, headers, body)
  }

  hold(held: Held): Reply {
    this.#connection.served(held)
    return this.#reply
  }

  setHeader(name: string, value: string): void {
    this.#reply.setHeader(name, value)
  }

  stream(status: number, headers: Fields): StreamLink {
    return this.#reply.stream(status, headers)
  }

  #upgrade(): SocketLink | undefined {
    if (this.#reply.begun || this.#connection.socket.destroyed) return undefined
    const link = this.#connection.upgrade(this.headers)
    if (link) this.#reply.begun = true
    return link
  }
}

function asIncoming(
  { socket }: Serving,
  { method, target, headers }: Http1Exchange,
  body: Uint8Array,
): IncomingMessage {
  const message = new IncomingMessage(socket)
  message.method = method
  message.url = target
  message.httpVersion = '1.1'
  message.httpVersionMajor = 1
  message.httpVersionMinor = 1
  message.rawHeaders = Object.entries(headers).flat()
  message.headers = { ...headers }
  message.complete = true
  message.push(body)
  message.push(null)
  return message
}
