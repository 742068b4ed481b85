// What a catch-up costs at least: pages of the store as it is, encoded and written to one socket that has room.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { sqliteLog } from '../../src/log/sqlite.ts'
import { watchLoop } from './loop.ts'
import { backlog, host, port } from './publish.ts'

const rule = { keep: 'all', ageMs: 1e9, count: 2_000_000, bytes: 1e10, tombstoneMs: 1e9 } as const
const log = await sqliteLog({ path: process.env['STORE'] ?? '', rules: () => rule })

function frame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(4 + length)
  bytes[0] = 0x81
  bytes[1] = 126
  bytes.writeUInt16BE(length, 2)
  bytes.write(text, 4)
  return bytes
}

async function feed(socket: Socket): Promise<void> {
  for (let after = 0; !socket.destroyed;) {
    const page = await log.read([{ channel: 'm', after }], { entries: 256, bytes: 64 * 1024 })
    if (page.entries.length === 0) return
    const frames = page.entries.map(({ seq, event, data, time }) =>
      frame(
        `{"type":"message","channel":"m","id":"${seq}","event":"${event}","data":${data.toString()},"time":${time}}`,
      ),
    )
    if (!socket.write(Buffer.concat(frames))) await once(socket, 'drain')
    after = page.through
  }
}

const server = createServer()
server.on('upgrade', (_request, socket: Socket) => {
  socket.on('error', () => socket.destroy())
  // The generator's key is always the same; its answer is that of RFC 6455, section 1.3.
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  )
  // Its subscribing.
  socket.once('data', () => void feed(socket))
})
server.listen({ port, host, backlog })
watchLoop()
