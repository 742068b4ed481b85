// ws used well: each message encoded once, no compression, no tracking of clients by ws itself.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const server = createServer()
const unsent = socketsOf(server)
const wss = new WebSocketServer({
  server,
  perMessageDeflate: false,
  clientTracking: false,
  skipUTF8Validation: true,
})
const clients = new Set()
wss.on('connection', (client) => {
  clients.add(client)
  client.on('error', () => clients.delete(client))
  client.on('close', () => clients.delete(client))
})
server.listen({ port, host, backlog })
const options = { binary: false, compress: false }
publishing(() => {
  const bytes = Buffer.from(JSON.stringify(message()))
  for (const client of clients) client.send(bytes, options)
}, unsent)
