// A page with the client, and what it subscribes to: channel `m`, published to by the environment of publish.ts.
import { createServer } from 'node:http'
import { build } from 'esbuild'
import { everwire } from '../../src/index.ts'
import { host, message, port, publishing, socketsOf } from './publish.ts'

const { outputFiles } = await build({
  entryPoints: [new URL('../../src/client/index.ts', import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'everwire',
  platform: 'browser',
  target: 'es2022',
  write: false,
})
const [{ contents } = { contents: new Uint8Array() }] = outputFiles

// A page that was held up for some seconds is to find what it has missed.
const wire = everwire({ dev: true, channels: { m: { count: 1_000_000, bytes: '1GB' } } })
await wire.ready()
const server = createServer(({ url }, response) => {
  const script = url === '/client.js'
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
  response.end(script ? contents : '<!doctype html><title>bench</title><script src="/client.js"></script>')
})
const unsent = socketsOf(server)
wire.attach(server)
server.listen({ port, host })
publishing(() => wire.publish('m', 'message', message()), unsent)
