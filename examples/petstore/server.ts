import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import express from 'express'
import { everwire } from 'everwire'
import { contract } from './contract.ts'
import { chatSocket } from './server/chat-socket.ts'
import { Outbox } from './server/outbox.ts'
import { pages } from './server/pages.ts'
import { routes } from './server/routes.ts'
import { Shelter } from './server/shelter.ts'
import { startTicker } from './server/ticker.ts'
import { updatesSocket } from './server/updates-socket.ts'
import { visitorOf } from './server/visitor.ts'

export interface PetstoreOptions {
  readonly port: number
  readonly host?: string
  /** The folder for the log and the state; both outlive the process. */
  readonly data: string
  /** Adds the route by which the demo publishes a thousand messages. */
  readonly demo?: boolean
  /** Runs between taking a position and reading the state; for tests of just that moment. */
  readonly beforeRead?: () => Promise<void>
}

/** What `everwire demo` runs: the same application, with a front that can be broken. */
export { startPetstore } from './demo/start.ts'

/** The adoption platform: one Express application and one Everwire server on one port. */
export async function petstore({
  port,
  host = '127.0.0.1',
  data,
  demo = false,
  beforeRead,
}: PetstoreOptions) {
  mkdirSync(data, { recursive: true })
  const shelter = new Shelter(join(data, 'shelter.sqlite'))

  const wire = everwire({
    store: join(data, 'log'),
    contract,
    authenticate: visitorOf,
    channels: {
      'pets/*': { subscribe: true },
      'medical/*': { subscribe: true },
      notifications: { subscribe: true },
      'chat/*': { subscribe: true, publish: true, age: '7d', presence: true },
      'typing/*': { keep: 'none', subscribe: true, publish: true },
      ticker: { subscribe: true, age: '1h', count: 20_000 },
    },
  })
  const outbox = new Outbox(shelter, 'shelter', wire)
  const ticks = new Outbox(shelter, 'ticker', wire)
  const ticker = startTicker(shelter, ticks)

  const app = express().disable('x-powered-by')
  // Event streams and WebSockets of the application's own, for clients that know nothing of Everwire.
  app.get(
    '/v1/pets/:id/updates',
    wire.sse((req) => `pets/${req.params.id}`),
  )
  app.get(
    '/v1/pets/:id/medical',
    wire.sse((req) => `medical/${req.params.id}`),
  )
  app.get(
    '/v1/notifications',
    wire.sse(() => 'notifications'),
  )
  wire.websocket('/v1/ws', updatesSocket)
  wire.websocket('/v1/chat', chatSocket())
  app.use('/v1', routes({ shelter, outbox, position: () => wire.position(), beforeRead }))
  if (demo) app.post('/demo/burst', (_req, res) => res.json({ count: 1000, through: ticker.burst(1000) }))
  app.use(pages())

  const server = createServer(app)
  wire.attach(server, '/wire')
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  void outbox.flush()

  async function close() {
    ticker.stop()
    await Promise.all([outbox.close(), ticks.close()])
    await wire.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    shelter.close()
  }
  return { port: bound, url: `http://${host}:${bound}`, wire, close }
}
