import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'

export async function serve() {
  const server = createServer()
  const sockets = new Server(server)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    publish: (n) => void sockets.emit('n', n),
    close: () => sockets.close(),
  }
}

/** As it comes: polling first, then an upgrade. */
export function open(url, onMessage) {
  return listen(io(url, { forceNew: true }), onMessage)
}

/** WebSocket first, and polling when that fails. */
export function openWebSocketFirst(url, onMessage) {
  return listen(
    io(url, { forceNew: true, transports: ['websocket', 'polling'], tryAllTransports: true }),
    onMessage,
  )
}

function listen(socket, onMessage) {
  socket.on('n', onMessage)
  return () => socket.disconnect()
}
