import { createServer } from 'node:http'
import { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { nodeClock } from '../../src/node/clock.ts'
import { SocketAcceptor } from '../../src/node/socket.ts'
import { binaryFrame, textFrame } from '../../src/server/formats/frames.ts'
import { defaultLimits, type Limits } from '../../src/session/limits.ts'
import type { SocketLink } from '../../src/session/link.ts'
import { listening } from './port.ts'

export interface Echo {
  readonly port: number
  /** Connections that are open. */
  readonly open: () => number
  close(): void
}

function sayBack(link: SocketLink, data: string | Uint8Array): void {
  link.send(typeof data === 'string' ? textFrame(data) : binaryFrame(data))
}

/** Says back what it is told, or does what `hear` does, by the WebSocket of this project. */
export async function ownEcho(limits: Partial<Limits> = {}, deflate = false, hear = sayBack): Promise<Echo> {
  const acceptor = new SocketAcceptor({ ...defaultLimits, ...limits }, deflate, nodeClock)
  const links = new Set<SocketLink>()
  const server = createServer().on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    const link = socket instanceof Socket ? acceptor.accept(request.headers, socket, head) : undefined
    if (!link) return
    links.add(link)
    link.listen({
      received: (data) => hear(link, data),
      drained() {},
      closed: () => links.delete(link),
    })
  })
  const close = () => {
    for (const link of links) link.destroy()
    server.close()
  }
  return { port: await listening(server), open: () => links.size, close }
}

/** The same by `ws`: what the two say is compared. */
export async function wsEcho(maxPayload: number, maxFragments: number): Promise<Echo> {
  const server = createServer()
  const sockets = new WebSocketServer({ server, maxPayload, perMessageDeflate: false, maxFragments })
  sockets.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const close = () => {
    for (const client of sockets.clients) client.terminate()
    server.close()
  }
  return { port: await listening(server), open: () => sockets.clients.size, close }
}
