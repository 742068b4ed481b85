// Everwire's SDK and other clients on hostile paths, as a table: when the first message comes, and whether they stay.
// node test/proxies/peers.ts [--seconds 20] [--json]. Installs the others into a folder of its own, and removes that.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { connect } from '../../src/client/index.ts'
import { hostileProxy, hostilities, type Hostility } from './hostile.ts'
import { openOrigin } from './origin.ts'
import { table } from './table.ts'

interface Server {
  readonly port: number
  publish(n: number): void
  close(): unknown
}

/** Opens a client that calls `onMessage` with what was published; answers how to close it. */
type Open = (url: string, onMessage: (n: number) => void) => () => void

interface Peer {
  readonly name: string
  serve(): Promise<Server>
  readonly open: Open
}

const everwire: Peer = {
  name: 'Everwire',
  async serve() {
    const origin = await openOrigin()
    return {
      port: origin.port,
      publish: (n) => void origin.wire.publish('a', 'n', n),
      close: () => origin.close(),
    }
  },
  open(url, onMessage) {
    const wire = connect(`${url}/wire`)
    // What is published is a number.
    wire.channel('a').on('n', ({ data }) => onMessage(data as number))
    return () => wire.close()
  },
}

const packages = {
  'socket.io': '4.8.4',
  'socket.io-client': '4.8.4',
  '@microsoft/signalr': '10.0.11',
  centrifuge: '5.8.0',
  eventsource: '5.1.5',
  ws: '8.23.0',
}

async function others(lab: string): Promise<Peer[]> {
  await writeFile(
    join(lab, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: packages }),
  )
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: lab })
  await cp(fileURLToPath(new URL('peers', import.meta.url)), join(lab, 'peers'), { recursive: true })
  const load = (name: string) => import(pathToFileURL(join(lab, 'peers', `${name}.mjs`)).href)
  const [socketio, signalr, centrifuge] = await Promise.all(['socketio', 'signalr', 'centrifuge'].map(load))
  return [
    { name: 'socket.io', ...socketio },
    { name: 'socket.io, WebSocket first', ...socketio, open: socketio.openWebSocketFirst },
    { name: 'SignalR', ...signalr },
    { name: 'centrifuge', ...centrifuge },
  ]
}

interface Found {
  readonly peer: string
  readonly path: Hostility
  /** Milliseconds to the first message. */
  readonly firstMs: number | undefined
  /** Requests and handshakes. */
  readonly asked: number
  /** Published after the first message had come, and what of it came. */
  readonly published: number
  readonly got: number
}

const everyMs = 100

async function run(peer: Peer, path: Hostility, seconds: number): Promise<Found> {
  const server = await peer.serve()
  const proxy = await hostileProxy(path, server.port)
  const got = new Set<number>()
  const begun = performance.now()
  let firstMs: number | undefined
  let first = 0
  const close = peer.open(proxy.url, (n) => {
    if (firstMs === undefined) first = n
    firstMs ??= Math.round(performance.now() - begun)
    got.add(n)
  })
  try {
    let n = 0
    while (performance.now() - begun < seconds * 1_000) {
      server.publish(n++)
      await wait(everyMs)
    }
    // What is on its way.
    await wait(1_000)
    const published = firstMs === undefined ? 0 : n - first
    return {
      peer: peer.name,
      path,
      firstMs,
      asked: proxy.asked,
      published,
      got: got.size,
    }
  } finally {
    close()
    await proxy.close()
    await server.close()
  }
}

function verdict({ firstMs, asked, published, got }: Found): string {
  if (firstMs === undefined) return `nothing (${asked} requests)`
  const seconds = `${(firstMs / 1_000).toFixed(1)} s`
  const lost = published - got
  return lost > 0 ? `${seconds}, then ${lost} of ${published} lost (${asked} requests)` : seconds
}

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, json: { type: 'boolean' } },
})
const paths = Object.keys(hostilities) as Hostility[]
const lab = await mkdtemp(join(tmpdir(), 'everwire-peers-'))
try {
  const peers = [everwire, ...(await others(lab))]
  const found: Found[] = []
  for (const peer of peers) {
    // What is loaded on first use is not to be counted.
    await run(peer, 'refused', 1)
    found.push(...(await Promise.all(paths.map((path) => run(peer, path, Number(values.seconds))))))
  }
  if (values.json) console.log(JSON.stringify(found, undefined, 2))
  else {
    const rows = paths.map((path) => [
      hostilities[path],
      ...peers.map(({ name }) => {
        const one = found.find((each) => each.peer === name && each.path === path)
        return one && verdict(one)
      }),
    ])
    console.log(table(['', ...peers.map(({ name }) => name)], rows))
  }
} finally {
  await rm(lab, { recursive: true, force: true })
}
// Clients of others may leave timers behind.
process.exit()
