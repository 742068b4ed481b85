// A broadcast over ws as it is written by hand.
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const server = createServer()
const unsent = socketsOf(server)
const wss = new WebSocketServer({ server })
wss.on('connection', (client) => client.on('error', console.error))
server.listen({ port, host, backlog })
publishing(() => {
  const next = message()
  for (const client of wss.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify(next))
  }
}, unsent)
