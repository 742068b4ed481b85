import { connect, createServer, type Socket } from 'node:net'
import { listening } from './port.ts'

/** How connections through the proxy are treated from now on. */
export type Treatment =
  | 'pass'
  | 'refuse' // reset as soon as they come
  | 'swallow' // taken, and nothing is ever answered
  | 'no-upgrade' // a WebSocket handshake becomes a plain GET
  | 'hold' // an event stream is held back until the origin ends it

/** A TCP proxy in front of a server, to break connections in the ways of real networks. */
export interface ChaosProxy {
  readonly url: string
  treatment: Treatment
  /** Connections that are open now, and all there ever were. */
  readonly open: number
  readonly accepted: number
  /** Resets all connections (RST), or only those that are picked. */
  reset(picked?: () => boolean): void
  /** Lets nothing more through in either direction, and tells nobody: half open. */
  blackhole(): void
  /** Lets nothing through until it is told to go on. */
  pause(): void
  resume(): void
  /** Ends each connection in the middle of the next bytes that the server sends. */
  cutInMidFrame(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly origin: Socket
  dead: boolean
  cut: boolean
}

/** `originPort` may be asked anew for each connection: the origin may move. */
export async function chaosProxy(originPort: number | (() => number)): Promise<ChaosProxy> {
  const pairs = new Set<Pair>()
  let accepted = 0
  let treatment: Treatment = 'pass'
  const server = createServer((client) => {
    accepted++
    client.on('error', () => client.destroy())
    if (treatment === 'refuse') return void client.resetAndDestroy()
    const origin = connect(typeof originPort === 'number' ? originPort : originPort(), '127.0.0.1')
    const pair: Pair = { client, origin, dead: treatment === 'swallow', cut: false }
    const holds = treatment === 'hold'
    const plain = treatment === 'no-upgrade'
    const holding: Buffer[] = []
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const chunk of holding) client.write(chunk)
      client.end()
      origin.destroy()
    }
    origin.on('error', () => client.destroy())
    client.on('close', end)
    origin.on('close', () => pair.dead || end())
    client.on('data', (chunk) => {
      if (pair.dead) return
      origin.write(
        plain ? chunk.toString('latin1').replace(/^upgrade: websocket\r\n/im, '') : chunk,
        'latin1',
      )
    })
    origin.on('data', (chunk) => {
      if (pair.dead) return
      if (holds && (holding.length > 0 || chunk.includes('text/event-stream'))) holding.push(chunk)
      else if (pair.cut) {
        pair.dead = true
        client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => client.resetAndDestroy())
      } else client.write(chunk)
    })
  })
  const port = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    get treatment() {
      return treatment
    },
    set treatment(next) {
      treatment = next
    },
    get open() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    reset(picked = () => true) {
      for (const { client } of pairs) if (picked()) client.resetAndDestroy()
    },
    pause() {
      for (const { client, origin } of pairs) {
        client.pause()
        origin.pause()
      }
    },
    resume() {
      for (const { client, origin } of pairs) {
        client.resume()
        origin.resume()
      }
    },
    blackhole() {
      for (const pair of pairs) pair.dead = true
    },
    cutInMidFrame() {
      for (const pair of pairs) pair.cut = true
    },
    async close() {
      for (const { client, origin } of pairs) {
        client.destroy()
        origin.destroy()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
