import type { ClientMessage, ServerMessage, Start } from '../../../src/protocol/messages.ts'
import type {
  Connection,
  Ending,
  Handlers,
  OpenRequest,
  Outgoing,
  Transport,
  TransportName,
} from '../../../src/client/transports/transport.ts'
import type { VirtualClock } from './clock.ts'
import { dedupeMs, epoch, messageOf, type SimServer } from './server.ts'
import { EverwireError } from '../../../src/protocol/codes.ts'
import { Postponed } from '../../../src/session/postponed.ts'

/** How a path treats what goes over it; probabilities from 0 to 1. */
export interface Weather {
  /** Attempts that are refused, that hear nothing, that get a head and no more. */
  refused: number
  silent: number
  headOnly: number
  /** Connections that are cut 200 ms after they have opened. */
  killed: number
  /** Attempts that the server refuses for now; whose token it refuses. */
  told: number
  token: number
  /** Mean milliseconds until a connection is cut; whether only silence tells. */
  cutAfterMs: number
  halfOpen: number
  /** POSTs of which the request, or the answer, is lost; which are refused for now. */
  lost: number
  busy: number
  /** Live messages that a server keeps to itself, though it has more; resumes that repeat some. */
  lies: number
  overlaps: number
  latencyMs: number
}

export const calm: Weather = {
  refused: 0,
  silent: 0,
  headOnly: 0,
  killed: 0,
  told: 0,
  token: 0,
  cutAfterMs: Infinity,
  halfOpen: 0,
  lost: 0,
  busy: 0,
  lies: 0,
  overlaps: 0,
  latencyMs: 20,
}

const heartbeatMs = 5_000

/** The paths of one client to the server. */
export class Network {
  readonly weather: Record<TransportName, Weather>
  readonly clock: VirtualClock
  readonly random: () => number
  readonly server: SimServer
  /** Connections that the client has neither closed nor seen end. */
  readonly open = new Set<SimConnection>()
  readonly opens: number[] = []
  token = 1
  tokenAccepted = true

  constructor(clock: VirtualClock, random: () => number, server: SimServer, weather: Network['weather']) {
    this.clock = clock
    this.random = random
    this.server = server
    this.weather = weather
  }

  chance(p: number): boolean {
    return p > 0 && this.random() < p
  }

  transports(): Record<TransportName, Transport> {
    const make = (name: TransportName): Transport => ({
      fixed: name !== 'websocket',
      open: (request, handlers) => {
        this.opens.push(this.clock.now)
        return new SimConnection(this, name, request, handlers)
      },
    })
    return { websocket: make('websocket'), sse: make('sse'), poll: make('poll') }
  }
}

class SimConnection implements Connection {
  readonly #net: Network
  readonly #name: TransportName
  readonly #request: OpenRequest
  readonly #handlers: Handlers
  readonly #places = new Map<string, number>()
  readonly #postponed = new Postponed()
  /** Nothing arrives any more: closed, cut, or half open. */
  #dead = false
  #downAt = 0
  #upAt = 0
  #stop: () => void = () => {}

  constructor(net: Network, name: TransportName, request: OpenRequest, handlers: Handlers) {
    this.#net = net
    this.#name = name
    this.#request = request
    this.#handlers = handlers
    net.open.add(this)
    this.#begin()
  }

  get #weather(): Weather {
    return this.#net.weather[this.#name]
  }

  close(): void {
    this.#dead = true
    this.#net.open.delete(this)
    this.#stop()
  }

  send({ type, text }: Outgoing): void {
    // What a client sends is bytes.
    const copy = JSON.parse(text) as ClientMessage
    if (this.#name === 'websocket') this.#up(() => this.#said(copy))
    else if (type === 'publish') this.#post(copy)
  }

  #begin(): void {
    const { weather } = { weather: this.#weather }
    const net = this.#net
    if (net.chance(weather.silent)) return
    if (net.chance(weather.refused)) return this.#endLater({ retry: 'now', told: false, message: 'refused' })
    if (net.chance(weather.headOnly)) return this.#down(() => this.#handlers.head())
    if (net.chance(weather.told))
      return this.#endLater({ retry: 'later', told: true, code: 'overloaded', message: 'too many' })
    if (net.tokenAccepted && net.chance(weather.token)) net.token++
    net.tokenAccepted = this.#request.token === String(net.token)
    if (!net.tokenAccepted)
      return this.#endLater({ retry: 'never', told: true, code: 'token-expired', message: 'expired' })
    this.#down(() => this.#handlers.head())
    this.#down(() => this.#accept())
  }

  // At the server.
  #accept(): void {
    const { server, clock, random } = this.#net
    const { starts } = this.#request
    const fixed = this.#name !== 'websocket'
    const welcome = { heartbeatMs, dedupeMs }
    if (fixed) for (const { name, start } of starts) this.#places.set(name, this.#placeOf(start))
    const position = fixed ? this.#position(Math.min(server.head, ...this.#places.values())) : undefined
    this.#down(() => this.#handlers.opened(welcome, position))
    const wake = () => void clock.later(0, () => this.#pump(true))
    server.watchers.add(wake)
    let beating: () => void = () => {}
    const beat = () => {
      beating = clock.later(heartbeatMs * 0.9, beat)
      this.#pump(false)
      if (this.#caughtUp() && random() < 0.5) this.#tellPosition()
      else this.#down(() => this.#handlers.heard())
    }
    beat()
    this.#stop = () => {
      server.watchers.delete(wake)
      beating()
    }
    const cut = this.#net.chance(this.#weather.killed)
      ? 200
      : -Math.log(1 - random()) * this.#weather.cutAfterMs
    if (cut !== Infinity) clock.later(cut, () => this.cut())
    this.#pump(false)
  }

  #placeOf(start: Start): number {
    const { server } = this.#net
    if (start.after === undefined || start.after === 'now') return server.head
    if (start.after === 'earliest') return 0
    const place = Number.parseInt(start.after)
    if (place > server.head)
      throw new Error(`resumed from ${start.after}, beyond the log's head ${server.head}`)
    return this.#net.chance(this.#weather.overlaps) ? Math.max(0, place - 3) : place
  }

  #said(message: ClientMessage): void {
    const { server, clock } = this.#net
    switch (message.type) {
      case 'subscribe': {
        const place = this.#placeOf(message)
        this.#places.set(message.channel, place)
        const id = `${place}-${epoch}`
        this.#tell({ type: 'subscribed', channel: message.channel, id, ref: message.ref ?? 0 })
        return this.#pump(false)
      }
      case 'unsubscribe':
        this.#places.delete(message.channel)
        return this.#tell({ type: 'unsubscribed', channel: message.channel })
      case 'publish': {
        const { ref = 0 } = message
        try {
          this.#postponed.admit(message)
          if (this.#net.chance(this.#weather.busy)) throw new EverwireError('overloaded', '')
        } catch (error) {
          this.#postponed.refused(message, error)
          return this.#tell({ type: 'error', code: 'overloaded', message: '', ref })
        }
        this.#postponed.settled(message)
        return this.#tell({ type: 'published', ...server.publish(clock.now, message), ref })
      }
      case 'ping':
        return this.#tell(message)
      default:
    }
  }

  #post(message: ClientMessage): void {
    if (message.type !== 'publish') return
    const { clock, server } = this.#net
    const ref = message.ref ?? 0
    const lost = this.#net.chance(this.#weather.lost)
    const reaches = !lost || this.#net.chance(0.5)
    const later = Math.max(this.#upAt, clock.now + this.#latency())
    this.#upAt = later
    clock.later(later - clock.now, () => {
      const busy = this.#net.chance(this.#weather.busy)
      const answer: ServerMessage = busy
        ? { type: 'error', code: 'overloaded', message: '', ref }
        : reaches
          ? { type: 'published', ...server.publish(clock.now, message), ref }
          : { type: 'error', code: 'timeout', message: '', ref }
      const heard: ServerMessage = lost ? { type: 'error', code: 'timeout', message: '', ref } : answer
      clock.later(this.#latency(), () => this.#handlers.answered(heard))
    })
  }

  #caughtUp(): boolean {
    return this.#net.server.read(this.#places).entries.length === 0
  }

  #pump(live: boolean): void {
    if (this.#dead) return
    const { gaps, entries } = this.#net.server.read(this.#places)
    for (const gap of gaps) {
      this.#places.set(gap.channel, Number.parseInt(gap.id ?? ''))
      this.#tell(gap, Math.min(...this.#places.values()))
    }
    for (const [i, entry] of entries.entries()) {
      const more = entries.slice(i + 1).some(({ channel }) => channel === entry.channel)
      this.#places.set(entry.channel, entry.seq)
      const lies = live && more && this.#name === 'websocket' && this.#net.chance(this.#weather.lies)
      if (!lies) this.#tell(messageOf(entry), entry.seq)
    }
  }

  #tellPosition(): void {
    const { head } = this.#net.server
    for (const channel of this.#places.keys()) this.#places.set(channel, head)
    const id = `${head}-${epoch}`
    this.#down(() => {
      this.#handlers.heard()
      this.#handlers.received({ type: 'position', id }, this.#name === 'websocket' ? undefined : id)
    })
  }

  #tell(message: ServerMessage, through?: number): void {
    const position = this.#name === 'websocket' || through === undefined ? undefined : this.#position(through)
    this.#down(() => {
      this.#handlers.heard()
      this.#handlers.received(message, position)
    })
  }

  /** A stream's position, with floors for the channels that are ahead of it. */
  #position(seq: number): string {
    const ahead = this.#request.starts.map(({ name }, i) => ({ i, place: this.#places.get(name) ?? 0 }))
    const floors = ahead.filter(({ place }) => place > seq).map(({ i, place }) => `.${i}:${place}`)
    return `${seq}-${epoch}${floors.join('')}`
  }

  #latency(): number {
    return this.#weather.latencyMs * (0.5 + this.#net.random())
  }

  #down(run: () => void): void {
    const { clock } = this.#net
    this.#downAt = Math.max(this.#downAt, clock.now + this.#latency())
    clock.later(this.#downAt - clock.now, () => void (this.#dead || run()))
  }

  #up(run: () => void): void {
    const { clock } = this.#net
    this.#upAt = Math.max(this.#upAt, clock.now + this.#latency())
    clock.later(this.#upAt - clock.now, () => void (this.#dead || run()))
  }

  cut(): void {
    if (this.#dead) return
    const tells = !this.#net.chance(this.#weather.halfOpen)
    this.#dead = true
    this.#stop()
    if (!tells) return
    this.#net.clock.later(this.#latency(), () => {
      if (!this.#net.open.delete(this)) return
      this.#handlers.ended({ retry: 'now', told: false, message: 'reset' })
    })
  }

  #endLater(ending: Ending): void {
    this.#down(() => {
      this.#dead = true
      this.#net.open.delete(this)
      this.#handlers.ended(ending)
    })
  }
}
