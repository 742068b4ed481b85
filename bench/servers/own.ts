// Everwire as a library: on a server of the application's own, which publishes in the same process.
import { createServer } from 'node:http'
import { everwire } from '../../src/index.ts'
import { backlog, channels, host, message, port, publishing, socketsOf } from './publish.ts'

const wire = everwire({ dev: true })
await wire.ready()
const server = createServer()
const unsent = socketsOf(server)
wire.attach(server)
server.listen({ port, host, backlog })
publishing(() => {
  const next = message()
  return wire.publish(channels > 1 ? `c${next.n % channels}` : 'm', 'message', next)
}, unsent)
