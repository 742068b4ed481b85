// What Node itself costs over WebSocket: the least handshake, then ready frames by the socket's own `write`, those of a turn
// joined. No product: it reads nothing, keeps nothing, and lets a slow reader grow.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { joined } from './joined.ts'
import { backlog, host, port, socketsOf } from './publish.ts'

const server = createServer()
const members = joined(frame, socketsOf(server))
server.on('upgrade', ({ url = '', headers }, socket: Duplex) => {
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  members.enter(url, socket)
  // A connection that is reset is over, and that is all.
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.on('close', () => members.leave(url, socket))
  socket.resume()
})
server.listen({ port, host, backlog })

function frame(text: string): Buffer {
  const size = Buffer.byteLength(text)
  const head = size < 126 ? 2 : 4
  const bytes = Buffer.allocUnsafe(head + size)
  bytes[0] = 0x81
  if (head === 2) bytes[1] = size
  else {
    bytes[1] = 126
    bytes.writeUInt16BE(size, 2)
  }
  bytes.write(text, head)
  return bytes
}
