import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { listening } from '../support/port.ts'

/** What paths do to those who pass. */
export const hostilities = {
  refused: 'the upgrade is refused (403)',
  stripped: 'the upgrade is stripped: the server sees a plain GET',
  killed: 'a WebSocket is killed after 200 ms, for ever',
  swallowed: 'a WebSocket opens and swallows everything',
  'body held': 'no upgrade; heads pass, bodies are held back until they end',
  'all held': 'no upgrade; answers are held back until they end',
  'no post': 'no upgrade; POST is refused (403)',
  'http/1.0': 'no upgrade; HTTP/1.0 on both sides, one request per connection',
} as const

export type Hostility = keyof typeof hostilities

/** A proxy that treats everybody so. */
export interface HostileProxy {
  readonly url: string
  /** Requests and handshakes so far. */
  readonly asked: number
  close(): Promise<void>
}

const killedAfterMs = 200

export async function hostileProxy(hostility: Hostility, origin: number): Promise<HostileProxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
  }
  let asked = 0
  const server =
    hostility === 'http/1.0'
      ? createTcpServer((client) => {
          asked++
          oldProxy(client, origin, keep)
        })
      : createServer((incoming, answer) => {
          asked++
          if (hostility === 'no post' && incoming.method === 'POST') answer.writeHead(403).end('blocked')
          else forward(incoming, answer, origin, hostility)
        })
  if (hostility !== 'http/1.0') {
    server.on('upgrade', (incoming: IncomingMessage, client: Socket, early: Buffer) => {
      asked++
      if (hostility === 'killed' || hostility === 'swallowed')
        tunnel(incoming, client, early, origin, hostility, keep)
      else if (hostility === 'refused')
        client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      else plainly(incoming, client, origin, keep)
    })
  }
  server.on('connection', keep)
  const port = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(
  incoming: IncomingMessage,
  answer: ServerResponse,
  port: number,
  hostility: Hostility,
): void {
  const { method, url, headers } = incoming
  const asked = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
  incoming.pipe(asked)
  answer.on('close', () => asked.destroy())
  asked.on('error', () => answer.destroy())
  asked.on('response', (from) => {
    const head = () => answer.writeHead(from.statusCode ?? 502, from.headers)
    from.on('error', () => answer.destroy())
    if (hostility !== 'body held' && hostility !== 'all held') return void from.pipe(head())
    if (hostility === 'body held') head().flushHeaders()
    const held: Buffer[] = []
    from.on('data', (chunk: Buffer) => held.push(chunk))
    from.on('end', () => (hostility === 'all held' ? head() : answer).end(Buffer.concat(held)))
  })
}

/** The handshake without what makes it one. */
function plainly(
  incoming: IncomingMessage,
  client: Socket,
  port: number,
  keep: (socket: Socket) => void,
): void {
  const server = connect(port, '127.0.0.1')
  keep(server)
  const dropped = /^(upgrade|connection|sec-websocket-.*)$/i
  server.write(headOf(incoming, 'HTTP/1.1', dropped, 'connection: close\r\n'))
  server.pipe(client)
  client.on('close', () => server.destroy())
}

function tunnel(
  incoming: IncomingMessage,
  client: Socket,
  early: Buffer,
  port: number,
  hostility: Hostility,
  keep: (socket: Socket) => void,
): void {
  const server = connect(port, '127.0.0.1')
  keep(server)
  server.write(headOf(incoming, 'HTTP/1.1', /^$/, ''))
  const swallows = hostility === 'swallowed'
  if (!swallows) server.write(early)
  client.on('data', (chunk) => swallows || server.write(chunk))
  let opened = false
  server.on('data', (chunk: Buffer) => {
    if (opened) return void (swallows || client.write(chunk))
    opened = true
    const end = chunk.indexOf('\r\n\r\n') + 4
    client.write(swallows ? chunk.subarray(0, end) : chunk)
    if (!swallows) setTimeout(() => client.resetAndDestroy(), killedAfterMs)
  })
  client.on('close', () => server.destroy())
  server.on('close', () => swallows || client.destroy())
}

/** Knows neither chunks nor connections that are kept. */
function oldProxy(client: Socket, port: number, keep: (socket: Socket) => void): void {
  const server = connect(port, '127.0.0.1')
  keep(server)
  let head = ''
  client.on('data', (chunk: Buffer) => {
    if (head.includes('\r\n\r\n')) return void server.write(chunk)
    head += chunk.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const lines = head.slice(0, end).split('\r\n')
    const kept = lines.slice(1).filter((line) => !/^(connection|upgrade|sec-websocket-[^:]*):/i.test(line))
    const first = (lines[0] ?? '').replace(/HTTP\/1\.1$/, 'HTTP/1.0')
    server.write(Buffer.from(`${[first, ...kept].join('\r\n')}\r\n\r\n${head.slice(end + 4)}`, 'latin1'))
  })
  let answered = false
  server.on('data', (chunk: Buffer) => {
    client.write(
      answered ? chunk : Buffer.from(chunk.toString('latin1').replace(/^HTTP\/1\.1/, 'HTTP/1.0'), 'latin1'),
    )
    answered = true
  })
  server.on('close', () => client.end())
  client.on('close', () => server.destroy())
}

function headOf(
  { method, url, rawHeaders }: IncomingMessage,
  version: string,
  dropped: RegExp,
  more: string,
): string {
  let head = `${method} ${url} ${version}\r\n${more}`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!dropped.test(rawHeaders[i] ?? '')) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return `${head}\r\n`
}
