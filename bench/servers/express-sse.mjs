// Server-sent events with Express, as they are written by hand.
import { createServer } from 'node:http'
import express from 'express'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const app = express()
const server = createServer(app)
const unsent = socketsOf(server)
const clients = new Set()
app.get('/', (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
  clients.add(response)
  request.on('close', () => clients.delete(response))
})
server.listen({ port, host, backlog })
publishing(() => {
  const next = message()
  for (const client of clients) client.write(`data: ${JSON.stringify(next)}\n\n`)
}, unsent)
