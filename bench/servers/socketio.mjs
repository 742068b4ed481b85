// Socket.IO, WebSocket only.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const server = createServer()
const unsent = socketsOf(server)
const io = new Server(server, { transports: ['websocket'], serveClient: false })
server.listen({ port, host, backlog })
publishing(() => {
  io.emit('message', message())
}, unsent)
