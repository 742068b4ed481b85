import { connect, type Socket } from 'node:net'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { WebSocket } from 'undici'
import { onTestFinished } from 'vitest'
import { everwire, type EverwireOptions } from '../../src/index.ts'
import { Queue } from './queue.ts'

/** What a server said, as anybody may read it. */
export type Said = { readonly type: string } & Readonly<Record<string, unknown>>

/** A server on a free port, open to everybody, that closes with the test. */
export async function openWire(options: EverwireOptions = {}) {
  const wire = everwire({ dev: true, ...options })
  onTestFinished(() => wire.close())
  const { url, port } = await wire.listen(0, '127.0.0.1')
  return { wire, url, port, base: `${url}/wire` }
}

/** A WebSocket of undici: a client that shares no code with the server. */
export class Client {
  readonly said = new Queue<Said>()
  readonly bytes = new Queue<ArrayBuffer>()
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly webSocket: WebSocket

  constructor(base: string, path = '/ws', init?: ConstructorParameters<typeof WebSocket>[1]) {
    const webSocket = new WebSocket(`${base.replace('http', 'ws')}${path}`, init)
    this.webSocket = webSocket
    webSocket.binaryType = 'arraybuffer'
    webSocket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.said.push(JSON.parse(data))
      else if (data instanceof ArrayBuffer) this.bytes.push(data)
    })
    this.closed = new Promise((resolve) => {
      webSocket.addEventListener('close', ({ code, reason }) => {
        this.said.end(`the WebSocket has closed: ${code} ${reason}`)
        this.bytes.end(`the WebSocket has closed: ${code} ${reason}`)
        resolve({ code, reason })
      })
    })
    onTestFinished(() => webSocket.close())
  }

  /** Greeted. */
  static async open(...how: ConstructorParameters<typeof Client>): Promise<Client> {
    const client = new Client(...how)
    await client.next('welcome')
    return client
  }

  say(message: object | string): void {
    this.webSocket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  next(type: string): Promise<Said> {
    return this.said.find((said) => said.type === type)
  }

  async subscribe(channel: string, start: object = {}): Promise<Said> {
    this.say({ type: 'subscribe', channel, ...start })
    return this.said.find((said) => said.type === 'subscribed' && said['channel'] === channel)
  }

  /** The data of the next messages. */
  async data(count: number): Promise<unknown[]> {
    const found: unknown[] = []
    while (found.length < count) found.push((await this.next('message'))['data'])
    return found
  }
}

/** An event stream over fetch, read by `eventsource-parser`. */
export class EventReader {
  readonly events = new Queue<EventSourceMessage>()
  readonly comments = new Queue<string>()
  readonly response: Response
  retryMs: number | undefined
  #id: string | undefined
  readonly #abort: AbortController

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
  }

  static async open(url: string, init: RequestInit = {}): Promise<EventReader> {
    const abort = new AbortController()
    const reader = new EventReader(await fetch(url, { ...init, signal: abort.signal }), abort)
    onTestFinished(() => reader.close())
    void reader.#read()
    return reader
  }

  /** What an EventSource would send as `Last-Event-ID`. */
  get lastEventId(): string | undefined {
    return this.#id
  }

  close(): void {
    this.#abort.abort()
  }

  next(event: string): Promise<EventSourceMessage> {
    return this.events.find((each) => (each.event ?? 'message') === event)
  }

  async #read(): Promise<void> {
    const parser = createParser({
      onEvent: (event) => {
        if (event.id !== undefined) this.#id = event.id
        this.events.push(event)
      },
      onComment: (comment) => this.comments.push(comment),
      onRetry: (ms) => (this.retryMs = ms),
    })
    const decoder = new TextDecoder()
    try {
      for await (const chunk of this.response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
      this.events.end('the stream has ended')
    } catch (error) {
      this.events.end(`the stream has failed: ${String(error)}`)
    }
    this.comments.end('the stream is over')
  }
}

/** A plain connection: what is written here reaches the server as it is. */
export class RawClient {
  readonly socket: Socket
  readonly chunks = new Queue<Buffer>()
  #received = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.chunks.push(chunk)
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.chunks.end('the connection has ended'))
    onTestFinished(() => void this.socket.destroy())
  }

  get received(): Buffer {
    return this.#received
  }

  /** All that has come, a character a byte, once it holds the text. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text, 0, 'latin1')) await this.chunks.next()
    return this.#received.toString('latin1')
  }

  /** A handshake, and what else shall leave with it. */
  upgrade(path = '/wire/ws', headers: Record<string, string> = {}): void {
    const lines = Object.entries({
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  }
}

/** A client's frame, masked with zeros. */
export function clientFrame(opcode: number, payload: Buffer | string, fin = true): Buffer {
  const bytes = Buffer.from(payload)
  const first = (fin ? 0x80 : 0) | opcode
  const head =
    bytes.length < 126
      ? Buffer.from([first, 0x80 | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([first, 0xfe, bytes.length >> 8, bytes.length & 0xff])
        : Buffer.from([
            first,
            0xff,
            0,
            0,
            0,
            0,
            ...[24, 16, 8, 0].map((shift) => (bytes.length >> shift) & 0xff),
          ])
  return Buffer.concat([head, Buffer.alloc(4), bytes])
}
