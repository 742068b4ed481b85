import { IncomingMessage, STATUS_CODES, validateHeaderValue } from 'node:http'
import type { Exchange, StreamLink } from '../../server/exchange.ts'
import type { SocketLink } from '../../session/link.ts'
import { tooLarge } from '../body.ts'
import { queryOf } from '../exchange.ts'
import type { Serving } from './front.ts'
import { dateNow } from './date.ts'
import type { PlainRequest } from './request.ts'
import { Http1Stream } from './stream.ts'

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
  readonly #body: Uint8Array
  #query: URLSearchParams | undefined
  #closed: Promise<void> | undefined
  #raw: IncomingMessage | undefined
  #extra: Fields = {}
  #answered = false

  constructor(connection: Serving, request: PlainRequest, path: string) {
    this.method = request.method
    this.path = path
    this.target = request.target
    this.headers = request.headers
    this.#connection = connection
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

  get closed(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => this.#connection.served({ gone: resolve })))
  }

  async body(limit: number): Promise<Uint8Array> {
    const { length } = this.#body
    if (length > limit) throw tooLarge(length, limit)
    return this.#body
  }

  answer(status: number, headers: Fields, body: string | Uint8Array): void {
    const { socket } = this.#connection
    if (this.#answered || !socket.writable) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const bodiless = status === 204 || status === 304
    const length = bodiless ? {} : { 'content-length': String(bytes.length) }
    const head = this.#head(status, { ...headers, ...length })
    this.#answered = true
    socket.write(bodiless ? head : Buffer.concat([head, bytes]))
    this.#connection.answered()
  }

  setHeader(name: string, value: string): void {
    this.#extra = { ...this.#extra, [name]: value }
  }

  stream(status: number, headers: Fields): StreamLink {
    const head = this.#head(status, { ...headers, 'transfer-encoding': 'chunked' })
    this.#answered = true
    const link = new Http1Stream(this.#connection)
    link.send(head)
    return link
  }

  #head(status: number, headers: Fields): Uint8Array {
    const { keeps, front } = this.#connection
    const kept = {
      connection: 'keep-alive',
      'keep-alive': `timeout=${Math.floor(front.keepAliveMs / 1_000)}`,
    }
    // As node:http does: who names the connection's state says all about it, unless it ends.
    const connection = keeps ? (headers['connection'] === undefined ? kept : {}) : { connection: 'close' }
    const all: Fields = { ...this.#extra, ...headers, date: dateNow(), ...connection }
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (const name of Object.keys(all)) {
      const value = all[name] ?? ''
      validateHeaderValue(name, value)
      text += `${name}: ${value}\r\n`
    }
    return Buffer.from(`${text}\r\n`, 'latin1')
  }

  #upgrade(): SocketLink | undefined {
    if (this.#answered || this.#connection.socket.destroyed) return undefined
    const link = this.#connection.upgrade(this.headers)
    if (link) this.#answered = true
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
