import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { everwire, type Everwire, type EverwireOptions } from '../../src/index.ts'
import { listening } from '../support/port.ts'

/** An application with Everwire, to stand behind a proxy. What it serves at `/quiet` itself says nothing, ever. */
export interface Origin {
  readonly port: number
  /** What it answers to `GET /origin`. */
  readonly token: string
  readonly wire: Everwire
  /** Resets every connection to it. */
  cut(): void
  close(): Promise<void>
}

export async function openOrigin(options: EverwireOptions = {}): Promise<Origin> {
  const token = randomUUID()
  const wire = everwire({ dev: true, ...options })
  // Most of a second goes by before a held connection of a proxy is found to be closed; they are to be kept.
  const server: Server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    if (request.url !== '/quiet')
      return void response.end(request.url === '/origin' ? token : 'the application')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }).flushHeaders()
  })
  const quiet = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/quiet') quiet.handleUpgrade(request, socket, head, () => {})
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  wire.attach(server)
  await wire.ready()
  const port = await listening(server)
  return {
    port,
    token,
    wire,
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async close() {
      await wire.close()
      sockets.forEach((socket) => socket.destroy())
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
