import { connect, createServer as createTcpServer } from 'node:net'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { listening } from '../support/port.ts'

interface Published {
  readonly id: string
  readonly data: unknown
}

const epoch = 'aaaaaaaaaaaa'
const idAt = (n: number) => `${n}-${epoch}`

/**
 * As much of Everwire's protocol as a load needs, over every transport; where it is `wrong`, it tells a gap instead
 * of the load's fourth message, loses the sixth, doubles the eighth, and swaps the tenth and the eleventh. It serves
 * `most` subscribers and refuses the others. Ends with the test; answers its base URL.
 */
export async function poorServer({ wrong = false, most = Infinity } = {}): Promise<string> {
  const log: Published[] = []
  const readers = new Set<Reader>()
  let served = 0
  const admitted = () => ++served <= most

  /** What is to be said after a position. */
  const after = (from: number): Said[] => log.slice(from).flatMap((_, i) => said(from + i))
  const message = (i: number): Said => ({
    to: i + 1,
    text: { type: 'message', channel: 'bench', event: 'bench', ...log[i] },
  })
  // The first entry is the bench trying out whether it may publish, so the load's first is entry 1.
  const said = (i: number): Said[] => {
    if (!wrong) return [message(i)]
    if (i === 4) {
      const gap = { type: 'gap', channel: 'bench', after: idAt(4), id: idAt(5), reason: 'expired' }
      return [{ to: 5, text: gap }]
    }
    if (i === 6 || i === 10) return []
    if (i === 8) return [message(i), message(i)]
    return i === 11 ? [message(11), message(10)] : [message(i)]
  }

  class Reader {
    readonly write: (said: readonly Said[]) => void
    #at: number
    constructor(at: number, write: (said: readonly Said[]) => void) {
      this.#at = at
      this.write = write
    }
    wake(): void {
      const found = after(this.#at)
      this.#at = log.length
      if (found.length > 0) this.write(found)
    }
  }
  const wake = () => {
    for (const reader of readers) reader.wake()
  }

  const routes: Record<
    string,
    (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => unknown
  > = {
    '/healthz': (_, response) => void response.end('{"status":"ok"}'),
    '/history': (_, response) => void response.end(JSON.stringify({ messages: log.slice(-1), more: false })),
    '/publish': async (request, response) => {
      const { data } = (await json(request)) as { data: unknown }
      const id = idAt(log.length + 1)
      log.push({ id, data })
      response.end(JSON.stringify({ id, duplicate: false }))
      wake()
    },
    '/sse': (request, response) => {
      if (!admitted()) return void refuse(response)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: connected\nid: ${idAt(log.length)}\ndata: {"heartbeatMs":25000}\n\n`)
      const reader = new Reader(log.length, (found) => {
        for (const { to, text } of found)
          response.write(`event: ${String(text['type'])}\nid: ${idAt(to)}\ndata: ${JSON.stringify(text)}\n\n`)
      })
      readers.add(reader)
      request.on('close', () => readers.delete(reader))
    },
    '/poll': (_, response, query) => {
      const from = query.get('after')
      if (from === null && !admitted()) return void refuse(response)
      const reader = new Reader(parseInt(from ?? String(log.length)), (found) => {
        readers.delete(reader)
        const texts = found.map(({ text }) => text)
        const messages = texts.filter(({ type }) => type === 'message')
        const gaps = texts.filter(({ type }) => type === 'gap')
        response.end(JSON.stringify({ messages, gaps, snapshots: [], id: idAt(log.length) }))
      })
      if (query.get('wait') === '0') reader.write(after(parseInt(from ?? String(log.length))))
      else {
        readers.add(reader)
        reader.wake()
      }
    },
  }
  const refuse = (response: ServerResponse) =>
    response.writeHead(503).end('{"error":{"code":"overloaded","message":"no room: come back later"}}')

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const serve = routes[pathname.replace(/^\/wire/, '')]
    if (serve) void serve(request, response, searchParams)
    else response.writeHead(404).end()
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (!admitted()) {
      const body = '{"error":{"code":"overloaded","message":"no room: come back later"}}'
      socket.end(`HTTP/1.1 503 Service Unavailable\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.send('{"type":"welcome","protocol":1,"heartbeatMs":25000}')
      peer.on('message', () => {
        peer.send(JSON.stringify({ type: 'subscribed', channel: 'bench', id: idAt(log.length) }))
        const reader = new Reader(log.length, (found) => {
          for (const { text } of found) peer.send(JSON.stringify(text))
        })
        readers.add(reader)
        peer.on('close', () => readers.delete(reader))
      })
    })
  })
  const port = await listening(server)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    for (const peer of sockets.clients) peer.terminate()
  })
  return `http://127.0.0.1:${port}/wire`
}

interface Said {
  readonly to: number
  readonly text: Readonly<Record<string, unknown>>
}

/**
 * A proxy that counts what a server sends over the connections of subscribers, from the first message on. `taken`
 * answers the bytes since it was last asked. Ends with the test.
 */
export async function countingProxy(
  to: number,
): Promise<{ readonly url: string; readonly taken: () => number }> {
  let bytes = 0
  const server = createTcpServer((client) => {
    const origin = connect(to, '127.0.0.1')
    let asked = ''
    let counts = false
    client.on('data', (chunk) => {
      if (asked.length < 20) asked += chunk.toString('latin1')
    })
    origin.on('data', (chunk) => {
      counts ||= /^GET \/wire\/(ws|sse|poll)/.test(asked) && chunk.includes('"type":"message"')
      if (counts) bytes += chunk.length
    })
    client.pipe(origin).pipe(client)
    for (const socket of [client, origin])
      socket.on('error', () => {
        client.destroy()
        origin.destroy()
      })
  })
  const port = await listening(server)
  onTestFinished(() => void server.close())
  return {
    url: `http://127.0.0.1:${port}/wire`,
    taken() {
      const taken = bytes
      bytes = 0
      return taken
    },
  }
}
