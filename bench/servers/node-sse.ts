// What Node itself costs over server-sent events: `writeHead`, then ready chunks by the socket's own `write`, those of a turn
// joined. No product: it keeps nothing, and lets a slow reader grow.
import { createServer } from 'node:http'
import { joined } from './joined.ts'
import { backlog, host, port, socketsOf } from './publish.ts'

const server = createServer(({ url = '' }, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const { socket } = response
  if (!socket) return
  members.enter(url, socket)
  response.on('close', () => members.leave(url, socket))
})
const members = joined(chunk, socketsOf(server))
server.listen({ port, host, backlog })

function chunk(text: string): Buffer {
  const event = `data: ${text}\n\n`
  return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
}
