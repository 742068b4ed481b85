// Bun's own publish and subscribe (uWebSockets inside).
import { host, message, port, publishing, sample } from './publish.ts'

const sockets = new Set()
const server = Bun.serve({
  port,
  hostname: host,
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('', { status: 426 })),
  websocket: {
    perMessageDeflate: false,
    backpressureLimit: 64 * 1024 * 1024,
    open(socket) {
      sockets.add(socket)
      socket.subscribe('m')
    },
    message() {},
    close(socket) {
      sockets.delete(socket)
    },
  },
})
publishing(
  () => {
    server.publish('m', JSON.stringify(message()))
  },
  () => sample(sockets, (socket) => socket.getBufferedAmount()),
)
