import { connect, createServer, type Socket } from 'node:net'
import { listening } from './port.ts'

/** How connections through the proxy are treated from now on. */
export type Treatment =
  | 'pass'
  | 'refuse' // reset as soon as they come
  | 'swallow' // taken, and nothing is ever answered
  | 'no-upgrade' // a WebSocket handshake becomes a plain GET
  | 'hold' // an event stream is held back until the origin ends it
  | 'first-only' // reset after the first bytes of the server
  | 'repeat-post' // a POST is sent a second time, beside the first

type Picked = () => boolean
/** `up`: what the client says no longer comes through; `down`: what the server says. */
type Direction = 'up' | 'down' | 'both'

/** A TCP proxy in front of a server, to break connections in the ways of real networks. */
export interface ChaosProxy {
  readonly url: string
  treatment: Treatment
  /** Milliseconds after which a connection on which nothing comes from the server is cut (default: never). */
  idleMs: number
  /** Connections that are open now, and all there ever were. */
  readonly open: number
  readonly accepted: number
  /** Resets all connections (RST), or only those that are picked. */
  reset(picked?: Picked): void
  /** Lets nothing more through, and tells nobody: half open. */
  blackhole(direction?: Direction, picked?: Picked): void
  /** Lets nothing through until it is told to go on. */
  pause(): void
  resume(): void
  /** Resets each connection in the middle of the next bytes that the server sends. */
  cutInMidFrame(): void
  /** Lets the next thing through that the client says, and resets the connection instead of bringing the answer. */
  cutAnswer(picked?: Picked): void
  /** Resets each connection, and those that come while it is set, after so many more bytes of the server. */
  cutAfter(bytes: (() => number) | undefined): void
  close(): Promise<void>
}

const always: Picked = () => true

/** `originPort` may be asked anew for each connection: the origin may move. */
export async function chaosProxy(originPort: number | (() => number)): Promise<ChaosProxy> {
  const pairs = new Set<Pair>()
  let accepted = 0
  let budget: (() => number) | undefined
  const state = { treatment: 'pass' as Treatment, idleMs: Infinity }
  const idle = setInterval(() => {
    for (const pair of pairs) if (performance.now() - pair.heardAt > state.idleMs) pair.reset()
  }, 25)
  const server = createServer((client) => {
    accepted++
    client.on('error', () => client.destroy())
    if (state.treatment === 'refuse') return void client.resetAndDestroy()
    const port = typeof originPort === 'number' ? originPort : originPort()
    const pair = new Pair(client, port, state.treatment, () => pairs.delete(pair))
    if (budget) pair.bytesLeft = budget()
    pairs.add(pair)
  })
  const port = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    get treatment() {
      return state.treatment
    },
    set treatment(next) {
      state.treatment = next
    },
    get idleMs() {
      return state.idleMs
    },
    set idleMs(ms) {
      state.idleMs = ms
    },
    get open() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    reset(picked = always) {
      for (const pair of pairs) if (picked()) pair.reset()
    },
    pause() {
      for (const pair of pairs) pair.hold(true)
    },
    resume() {
      for (const pair of pairs) pair.hold(false)
    },
    blackhole(direction = 'both', picked = always) {
      for (const pair of pairs) if (picked()) pair.darken(direction)
    },
    cutInMidFrame() {
      for (const pair of pairs) pair.cut = 'half of it'
    },
    cutAnswer(picked = always) {
      for (const pair of pairs) if (picked()) pair.cut = 'after a word'
    },
    cutAfter(bytes) {
      budget = bytes
      for (const pair of pairs) pair.bytesLeft = bytes?.() ?? Infinity
    },
    async close() {
      clearInterval(idle)
      for (const pair of pairs) pair.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One connection of a client, and the one to the server that stands for it. */
class Pair {
  /** What becomes of the next bytes of the server; `after a word`: once the client has said something. */
  cut: 'half of it' | 'all of it' | 'after a word' | undefined
  bytesLeft = Infinity
  heardAt = performance.now()
  readonly #client: Socket
  readonly #origin: Socket
  readonly #treatment: Treatment
  readonly #gone: () => void
  readonly #holding: Buffer[] = []
  #darkUp: boolean
  #darkDown: boolean
  #held = false

  constructor(client: Socket, originPort: number, treatment: Treatment, gone: () => void) {
    this.#client = client
    this.#treatment = treatment
    this.#gone = gone
    this.#darkUp = this.#darkDown = treatment === 'swallow'
    this.#origin = connect(originPort, '127.0.0.1')
    const origin = this.#origin
    origin.on('error', () => this.#darkDown || client.destroy())
    // What is dark does not show that the other end has gone either.
    client.on('close', () => (this.#darkUp ? this.#origin.destroyed && this.#gone() : this.#end()))
    origin.on('close', () => (this.#darkDown && !client.destroyed ? undefined : this.#end()))
    client.on('data', (chunk) => this.#said(chunk, originPort))
    origin.on('data', (chunk) => this.#heard(chunk))
    client.on('drain', () => this.#held || origin.resume())
    origin.on('drain', () => this.#held || client.resume())
  }

  reset(): void {
    this.#darkUp = this.#darkDown = false
    this.#client.resetAndDestroy()
  }

  destroy(): void {
    this.#client.destroy()
    this.#origin.destroy()
  }

  darken(direction: Direction): void {
    if (direction !== 'down') this.#darkUp = true
    if (direction !== 'up') this.#darkDown = true
  }

  hold(held: boolean): void {
    this.#held = held
    for (const socket of [this.#client, this.#origin]) {
      if (held) socket.pause()
      else socket.resume()
    }
  }

  #said(chunk: Buffer, originPort: number): void {
    if (this.#darkUp) return
    if (this.cut === 'after a word') this.cut = 'all of it'
    if (this.#treatment === 'repeat-post' && chunk.subarray(0, 5).toString() === 'POST ')
      repeat(chunk, originPort)
    const said =
      this.#treatment === 'no-upgrade'
        ? Buffer.from(chunk.toString('latin1').replace(/^upgrade: websocket\r\n/im, ''), 'latin1')
        : chunk
    if (!this.#origin.write(said)) this.#client.pause()
  }

  #heard(chunk: Buffer): void {
    this.heardAt = performance.now()
    if (this.#darkDown) return
    const holds = this.#treatment === 'hold'
    if (holds && (this.#holding.length > 0 || chunk.includes('text/event-stream'))) {
      this.#holding.push(chunk)
      return
    }
    const half = Math.ceil(chunk.length / 2)
    const most = this.cut === 'all of it' ? 0 : this.cut === 'half of it' ? half : this.bytesLeft
    this.bytesLeft -= chunk.length
    if (most < chunk.length) return this.#last(chunk.subarray(0, most))
    if (this.#treatment === 'first-only') return this.#last(chunk)
    if (!this.#client.write(chunk)) this.#origin.pause()
  }

  #last(chunk: Buffer): void {
    this.#origin.destroy()
    this.#darkDown = true
    this.#client.write(chunk, () => this.reset())
  }

  #end(): void {
    this.#gone()
    for (const chunk of this.#holding) this.#client.write(chunk)
    this.#client.end()
    this.#origin.destroy()
  }
}

/** Says the same on a connection of its own, as a proxy does that got no answer in time; nobody hears what is answered. */
function repeat(chunk: Buffer, originPort: number): void {
  const again = connect(originPort, '127.0.0.1', () => again.end(chunk))
  again.on('error', () => again.destroy())
  again.resume()
}
