// ws with permessage-deflate as its documentation shows it: compressed anew for each client.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const server = createServer()
const unsent = socketsOf(server)
const perMessageDeflate = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }
const wss = new WebSocketServer({ server, perMessageDeflate })
wss.on('connection', (client) => client.on('error', console.error))
server.listen({ port, host, backlog })
publishing(() => {
  const bytes = JSON.stringify(message())
  for (const client of wss.clients) client.send(bytes)
}, unsent)
