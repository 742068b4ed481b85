// The client's size as a page would load it: bundled, minified, gzipped. Fails above a budget.
// With --modules: what each module adds. With --peers: the peers' clients too, by the same measure; they are installed
// into a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, transform } from 'esbuild'
import { root, run } from './toolchain.mjs'

/** What the least of pages uses; all three transports come along. */
const core = `
  import { connect } from './src/client/index.ts'
  const pet = connect('/wire').channel('pets/1')
  pet.on('message', console.log)
  pet.publish('message', 'hello')
`
const bundles = [
  { name: 'core', source: core, budgetBytes: 9_900, goalBytes: 8_000 },
  { name: 'everything', source: `export * from './src/client/index.ts'`, budgetBytes: 14_500 },
]

/** The least of pages with each: connect, hear one channel, say something on it. */
const peers = [
  [
    'socket.io-client',
    '4.8.4',
    `import { io } from 'socket.io-client'; io('/').on('m', console.log).emit('m', 1)`,
  ],
  [
    '@microsoft/signalr',
    '10.0.11',
    `import { HubConnectionBuilder } from '@microsoft/signalr'
     const hub = new HubConnectionBuilder().withUrl('/hub').withAutomaticReconnect().build()
     hub.on('m', console.log); hub.start().then(() => hub.send('m', 1))`,
  ],
  [
    'centrifuge',
    '5.8.0',
    `import { Centrifuge } from 'centrifuge'
     const centrifuge = new Centrifuge([{ transport: 'websocket', endpoint: '/ws' }, { transport: 'sse', endpoint: '/sse' }])
     const pet = centrifuge.newSubscription('pets'); pet.on('publication', console.log); pet.subscribe()
     centrifuge.connect(); pet.publish(1)`,
  ],
  [
    'pusher-js',
    '8.6.0',
    `import Pusher from 'pusher-js'; new Pusher('key', { cluster: 'eu' }).subscribe('pets').bind('m', console.log)`,
  ],
  [
    'ably',
    '2.28.0',
    `import { BaseRealtime, WebSocketTransport, FetchRequest } from 'ably/modular'
     const pet = new BaseRealtime({ key: 'k', plugins: { WebSocketTransport, FetchRequest } }).channels.get('pets')
     pet.subscribe('m', console.log); pet.publish('m', 1)`,
  ],
]
const kB = (n) => `${(n / 1000).toFixed(2)} kB`

async function bundled(contents, resolveDir, minify) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    absWorkingDir: resolveDir,
    bundle: true,
    minify,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0].text
}

const gzipBytes = (text) => gzipSync(text, { level: 9 }).length
const gzipped = async (contents, resolveDir) => gzipBytes(await bundled(contents, resolveDir, true))

/** What the gzipped whole loses without each module; in sum it is less than the whole, since they are alike. */
async function printModules(contents, resolveDir) {
  const parts = (await bundled(contents, resolveDir, false)).split(/^(?=\/\/ (?:src\/|<stdin>))/m)
  const sizeOf = async (some) =>
    gzipBytes((await transform(some.join(''), { minify: true, format: 'esm', target: 'es2022' })).code)
  const whole = await sizeOf(parts)
  const rows = await Promise.all(
    parts.map(async (part) => ({
      name: part.slice(3, part.indexOf('\n')),
      bytes: whole - (await sizeOf(parts.filter((other) => other !== part))),
    })),
  )
  for (const { name, bytes } of rows.sort((a, b) => b.bytes - a.bytes))
    console.log(`${String(bytes).padStart(6)}  ${name}`)
}

for (const { name, source, budgetBytes, goalBytes } of bundles) {
  const bytes = await gzipped(source, root)
  const goal = goalBytes ? `, goal ${kB(goalBytes)} (${kB(Math.max(0, bytes - goalBytes))} away)` : ''
  console.log(`everwire/client: ${name} ${kB(bytes)} gzip, budget ${kB(budgetBytes)}${goal}`)
  if (bytes > budgetBytes) {
    console.error(`${name} is ${bytes - budgetBytes} bytes over its budget.`)
    process.exitCode = 1
  }
}

if (process.argv.includes('--modules')) await printModules(core, root)

if (process.argv.includes('--peers')) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-size-'))
  try {
    const asked = peers.map(([name, version]) => `${name}@${version}`)
    const options = [
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--silent',
    ]
    if (await run('npm', ['install', ...options, ...asked])) throw new Error('npm install failed')
    for (const [name, version, source] of peers)
      console.log(`${name} ${version}: ${kB(await gzipped(source, folder))} gzip`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
