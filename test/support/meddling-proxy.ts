import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createGzip } from 'node:zlib'
import { listening } from './port.ts'

/** What an HTTP proxy does to what it passes on, as proxies do by default or by mistake. */
export interface Meddling {
  /** WebSockets: passed, turned into a plain GET, refused with 403, opened and then silent, opened and then cut. */
  readonly upgrade?: 'pass' | 'strip' | 'refuse' | 'swallow' | 'cut'
  /** Event streams: passed, held until they end, sent on every so many milliseconds, ended after a few events. */
  readonly stream?: 'pass' | 'hold' | 'cut' | { readonly everyMs: number }
  /** Compresses event streams for those who accept it, and flushes each event or not. */
  readonly gzip?: 'flush' | 'hold'
  /** Ends what has been silent for so long. */
  readonly idleMs?: number
  /** Refuses larger bodies with 413. */
  readonly bodyBytes?: number
  /** Request headers that do not pass. */
  readonly drop?: readonly string[]
  /** Request headers that it adds or replaces. */
  readonly set?: Readonly<Record<string, string>>
  /** Answers 403 to what has this in its path. */
  readonly forbid?: string
  /** Leaves the query away. */
  readonly noQuery?: boolean
}

export interface MeddlingProxy {
  readonly url: string
  close(): void
}

/** An HTTP proxy in front of a server. */
export async function meddlingProxy(originPort: number, meddling: Meddling): Promise<MeddlingProxy> {
  const sockets = new Set<Duplex>()
  const keep = (socket: Duplex) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  }
  const server = createServer((asked, answer) => passOn(originPort, meddling, asked, answer))
  server.on('connection', keep)
  server.on('upgrade', (asked, socket, head) => {
    const { upgrade = 'pass' } = meddling
    // Given on as what is left of it: a plain GET.
    if (upgrade === 'strip') return tunnel(plain(asked, meddling), head)
    if (upgrade === 'refuse') return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
    tunnel(handshake(asked, meddling), head)

    function tunnel(first: string, rest: Buffer): void {
      const origin = connect(originPort, '127.0.0.1')
      keep(origin)
      if (meddling.idleMs) quietly(origin, meddling.idleMs, () => socket.destroy())
      origin.write(first)
      origin.write(rest)
      socket.pipe(origin)
      let answered = false
      origin.on('data', (chunk: Buffer) => {
        const end = chunk.indexOf('\r\n\r\n') + 4
        const isHead = !answered
        answered = true
        if (upgrade === 'swallow') return void (isHead && socket.write(chunk.subarray(0, end)))
        socket.write(chunk)
        if (upgrade === 'cut') setImmediate(() => socket.destroy())
      })
      origin.on('close', () => socket.destroy())
      socket.on('close', () => origin.destroy())
    }
  })
  const port = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function passOn(
  originPort: number,
  meddling: Meddling,
  asked: IncomingMessage,
  answer: ServerResponse,
): void {
  if (meddling.forbid !== undefined && asked.url?.includes(meddling.forbid)) {
    asked.resume()
    return void answer.writeHead(403).end('<html>403 Forbidden</html>')
  }
  const length = Number(asked.headers['content-length'] ?? 0)
  if (meddling.bodyBytes !== undefined && length > meddling.bodyBytes) {
    asked.resume()
    return void answer
      .writeHead(413, { connection: 'close' })
      .end('<html>413 Request Entity Too Large</html>')
  }
  const origin = request(
    {
      port: originPort,
      host: '127.0.0.1',
      agent: false,
      method: asked.method,
      path: pathOf(asked, meddling),
      headers: headersOf(asked, meddling),
    },
    (response) => {
      const { upgrade, ...headers } = response.headers
      const isStream = headers['content-type']?.startsWith('text/event-stream') === true
      const zips = isStream && meddling.gzip && /gzip/.test(String(asked.headers['accept-encoding']))
      answer.writeHead(response.statusCode ?? 502, {
        ...headers,
        ...(upgrade === undefined ? {} : { upgrade }),
        ...(zips ? { 'content-encoding': 'gzip' } : {}),
      })
      answer.flushHeaders()
      const { stream = 'pass' } = isStream ? meddling : {}
      if (zips) {
        const gzip = createGzip(meddling.gzip === 'flush' ? { flush: 2 } : {})
        response.pipe(gzip).pipe(answer)
      } else if (stream === 'pass') response.pipe(answer)
      else if (stream === 'cut') {
        let left = 5
        response.on('data', (chunk) => (left-- > 0 ? answer.write(chunk) : answer.destroy()))
      } else collect(response, answer, stream === 'hold' ? undefined : stream.everyMs)
    },
  )
  const give = () => {
    if (answer.headersSent) answer.destroy()
    else answer.writeHead(504, { connection: 'close' }).end('<html>504 Gateway Time-out</html>')
    origin.destroy()
  }
  origin.on('socket', (socket) => meddling.idleMs && quietly(socket, meddling.idleMs, give))
  origin.on('error', give)
  answer.on('close', () => origin.destroy())
  asked.pipe(origin)
}

/** Calls once nothing has come for that long. */
function quietly(socket: Socket, ms: number, run: () => void): void {
  socket.setTimeout(ms, run)
  socket.on('close', () => socket.setTimeout(0))
}

function collect(response: IncomingMessage, answer: ServerResponse, everyMs: number | undefined): void {
  let held: Buffer[] = []
  const release = () => {
    if (held.length > 0) answer.write(Buffer.concat(held))
    held = []
  }
  const timer = everyMs === undefined ? undefined : setInterval(release, everyMs)
  response.on('data', (chunk: Buffer) => held.push(chunk))
  response.on('close', () => {
    clearInterval(timer)
    release()
    answer.end()
  })
}

function pathOf({ url = '/' }: IncomingMessage, { noQuery }: Meddling): string {
  return noQuery ? (url.split('?')[0] ?? '/') : url
}

function headersOf(asked: IncomingMessage, { drop = [], set = {} }: Meddling): Record<string, string> {
  const entries = Object.entries(asked.headers).map(([name, value]) => [name, String(value)] as const)
  const hop = ['connection', 'upgrade', ...drop]
  return { ...Object.fromEntries(entries.filter(([name]) => !hop.includes(name))), ...set }
}

function plain(asked: IncomingMessage, meddling: Meddling): string {
  return textOf(asked, meddling, { ...headersOf(asked, meddling), connection: 'close' })
}

function handshake(asked: IncomingMessage, meddling: Meddling): string {
  return textOf(asked, meddling, {
    ...headersOf(asked, meddling),
    connection: 'Upgrade',
    upgrade: 'websocket',
  })
}

function textOf(asked: IncomingMessage, meddling: Meddling, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${asked.method} ${pathOf(asked, meddling)} HTTP/1.1\r\n${lines.join('')}\r\n`
}
