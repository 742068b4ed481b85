// Clients of every transport come, follow several channels, and go: half of them politely, half by a reset; and one more
// for every ten of them goes in the middle of its request. Then the server holds what it held before. Linux.
// node test/torture/comings.ts [clients a transport]
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { lines } from '../support/lines.ts'

/** What a server holds. */
export interface Holdings {
  readonly connections: number
  /** Channels that have a reader. */
  readonly channels: number
  readonly timers: number
  readonly sockets: number
  readonly descriptors: number
  /** Of the process. */
  readonly listeners: number
  /** Bytes, after collection. */
  readonly heap: number
}

export interface ComingsReport {
  readonly transport: string
  readonly before: Holdings
  /** While the last of them were there. */
  readonly most: Holdings
  readonly after: Holdings
}

const server = fileURLToPath(new URL('comings-server.ts', import.meta.url))
const atOnce = 50
/** So many come and go first, that caches and compiled code are there before anything is measured. */
const warmUp = 500

const head = (target: string, more = '') => `GET /wire/${target} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`
const query = Array.from({ length: 5 }, (_, i) => `channel=c${i}`).join('&')

/** What each kind of client says, by what it knows that it is served, and how it says goodbye. */
const transports = {
  websocket: {
    asks: head(
      `ws?${query}`,
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ),
    served: '"channel":"c4"',
    leave: (socket: Socket) => {
      // A close frame with 1000, masked with zeros; the server answers it and ends.
      socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]))
    },
  },
  sse: { asks: head(`sse?${query}`), served: 'event: connected', leave: (socket: Socket) => socket.end() },
  poll: {
    asks: head(`poll?${query}`) + head(`poll?${query.replaceAll('c0', 'quiet')}&after=POSITION`),
    served: '"id":"',
    leave: (socket: Socket) => socket.end(),
  },
} as const

export async function comings(
  clients: number,
  log: (line: string) => void = () => {},
): Promise<readonly ComingsReport[]> {
  const child = spawn(process.execPath, ['--expose-gc', server], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const next = lines(child)
    const { port } = JSON.parse(await next()) as { readonly port: number }
    const holdings = async () => {
      child.stdin?.write('\n')
      return JSON.parse(await next()) as Holdings
    }
    const position = await positionOf(port)
    const reports: ComingsReport[] = []
    for (const [transport, { asks, served, leave }] of Object.entries(transports)) {
      const requests = asks.replace('POSITION', position)
      const comeAndGo = async (count: number) => {
        let most: Holdings | undefined
        for (let come = 0; come < count; come += atOnce) {
          const sockets = await Promise.all(
            Array.from({ length: Math.min(atOnce, count - come) }, () => opened(port, requests, served)),
          )
          if (come + atOnce >= count) most = await settled(holdings, ({ connections }) => connections > 0)
          await Promise.all([
            ...sockets.map((socket, i) => gone(socket, i % 2 === 0 ? undefined : leave)),
            ...sockets
              .filter((_, i) => i % 10 === 0)
              .map((_, i) =>
                interrupted(port, requests.slice(0, ((come + i) % requests.length) + 1), i % 2 === 0),
              ),
          ])
        }
        const after = await settled(holdings, ({ connections, sockets }) => connections + sockets === 0)
        return { most: most ?? after, after }
      }
      const { after: before } = await comeAndGo(warmUp)
      const report = { transport, before, ...(await comeAndGo(clients)) }
      log(JSON.stringify(report))
      reports.push(report)
    }
    return reports
  } finally {
    child.kill('SIGKILL')
  }
}

/** A client that is being served. */
function opened(port: number, asks: string, served: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
    let text = ''
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      text = (text + chunk.toString('latin1')).slice(-20_000)
      if (text.includes(served)) resolve(socket)
    })
    socket.write(asks)
  })
}

/** Gone by its goodbye, or without a word. */
async function gone(socket: Socket, leave: ((socket: Socket) => void) | undefined): Promise<void> {
  const closed = ended(socket.removeAllListeners('error'))
  if (leave) leave(socket)
  else socket.resetAndDestroy()
  await closed
}

/** Begins its request, and goes. */
async function interrupted(port: number, beginning: string, reset: boolean): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  const closed = ended(socket)
  socket.resume().write(beginning, () => (reset ? socket.resetAndDestroy() : socket.end()))
  await closed
}

/** Whether the server ends it or resets it: what is sent to one who leaves may be unread. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()))
}

/** What is held once that is so; after 10 s whatever is held. */
async function settled(
  holdings: () => Promise<Holdings>,
  fits: (held: Holdings) => boolean,
): Promise<Holdings> {
  const until = performance.now() + 10_000
  for (;;) {
    const held = await holdings()
    if (fits(held) || performance.now() > until) return held
  }
}

async function positionOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/wire/position`, { headers: { connection: 'close' } })
  return ((await answer.json()) as { readonly id: string }).id
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [clients = '10000'] = process.argv.slice(2)
  await comings(Number(clients), (line) => console.log(line))
}
