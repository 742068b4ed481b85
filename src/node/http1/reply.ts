import { STATUS_CODES, validateHeaderValue } from 'node:http'
import type { Reply, StreamLink } from '../../server/exchange.ts'
import { dateNow } from './date.ts'
import type { Serving } from './front.ts'
import { Http1Stream } from './stream.ts'

type Fields = Readonly<Record<string, string>>

const none: Fields = {}

/** The way to answer a plain request. It holds nothing of the request, which may be held for a minute. */
export class Http1Reply implements Reply {
  readonly #connection: Serving
  #extra = none
  /** Whether something has been answered. */
  begun = false

  constructor(connection: Serving) {
    this.#connection = connection
  }

  answer(status: number, headers: Fields, body: string | Uint8Array): void {
    const { socket } = this.#connection
    if (this.begun || !socket.writable) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const bodiless = status === 204 || status === 304
    const length = bodiless ? {} : { 'content-length': String(bytes.length) }
    const head = this.#head(status, { ...headers, ...length })
    this.begun = true
    socket.write(bodiless ? head : Buffer.concat([head, bytes]))
    this.#connection.answered()
  }

  setHeader(name: string, value: string): void {
    this.#extra = { ...this.#extra, [name]: value }
  }

  stream(status: number, headers: Fields): StreamLink {
    const head = this.#head(status, { ...headers, 'transfer-encoding': 'chunked' })
    this.begun = true
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
}
