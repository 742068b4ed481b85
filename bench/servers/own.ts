// Everwire as a library: on a server of the application's own, which publishes in the same process. STORE: the folder
// of a SQLite store with messages to be read; then nothing is published. COMPRESSION, HTTP2: as they say.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { everwire } from '../../src/index.ts'
import { watchLoop } from './loop.ts'
import { backlog, channels, host, message, port, publishing, socketsOf } from './publish.ts'

const store = process.env['STORE']
const wire = everwire({
  dev: true,
  compression: process.env['COMPRESSION'] === '1',
  ...(store === undefined ? {} : { store, channels: { m: { count: 2_000_000, bytes: '10GB' } } }),
})
await wire.ready()
const server = process.env['HTTP2'] === '1' ? createHttp2Server() : createServer()
const unsent = socketsOf(server)
wire.attach(server)
server.listen({ port, host, backlog })
if (store === undefined) {
  publishing(() => {
    const next = message()
    return wire.publish(channels > 1 ? `c${next.n % channels}` : 'm', 'message', next)
  }, unsent)
} else watchLoop()
