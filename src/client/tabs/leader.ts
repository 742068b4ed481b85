import type { ClientMessage, ServerMessage } from '../../protocol/messages.ts'
import { ask } from '../asking.ts'
import type { ChannelHost } from '../channel.ts'
import type { OpenLine, Rider } from '../rider.ts'
import type { Ending } from '../transports/transport.ts'
import type { TransportChange } from '../types.ts'
import { Feed, refusal } from './feed.ts'
import { portLock, type Word } from './words.ts'

/** Timers of hidden tabs are late: a leader that is dead is found out by its lock, not by its silence. */
const heartbeatMs = 90_000
const answerMs = 30_000

const broken: Ending = { retry: 'now', told: true, message: 'the leading tab has lost its connection' }

interface Said {
  readonly port: string
  readonly ref: number | undefined
  readonly message: ClientMessage
}

/** Serves the tabs of one origin from one connection: to each it speaks as a server does to a WebSocket. */
export class Leader implements Rider {
  readonly #host: ChannelHost
  readonly #radio: BroadcastChannel
  readonly #id: string
  /** Ports, and how to stop waiting for the end of their tabs. */
  readonly #ports = new Map<string, () => void>()
  readonly #feeds = new Map<string, Feed>()
  /** Publishes that the server has not answered, by the number they have here. */
  readonly #said = new Map<number, Said>()
  readonly #entered = new Map<string, Set<string>>()
  readonly #stopBeat: () => void
  #line: OpenLine | undefined
  #over: TransportChange | undefined
  #refusal: Ending | undefined

  constructor(host: ChannelHost, room: string) {
    this.#host = host
    this.#id = host.key()
    this.#radio = new BroadcastChannel(room)
    this.#radio.onmessage = ({ data }: MessageEvent<Word>) => this.#heard(data)
    let stop = () => {}
    const beat = () => {
      stop = host.later(heartbeatMs, beat)
      for (const port of this.#ports.keys()) this.#tell(port, { type: 'ping' })
    }
    beat()
    this.#stopBeat = () => stop()
    host.join(this)
  }

  adopted(line: OpenLine): void {
    const before = this.#line
    this.#line = line
    // Another has taken its place: what was not answered is said again, the same to the byte but for its number.
    const again = [...this.#said.values()]
    this.#said.clear()
    for (const said of again) this.#publish(said)
    if (!before) this.#post({ kind: 'leads', leader: this.#id })
  }

  lost(): void {
    this.#line = undefined
    this.#said.clear()
    this.#endAll(broken)
  }

  received(message: ServerMessage): void {
    if (message.type !== 'published' && message.type !== 'error') return
    const said = this.#said.get(Number(message.ref))
    if (!said) return
    this.#said.delete(Number(message.ref))
    this.#tell(said.port, { ...message, ref: said.ref ?? 0 })
  }

  ended(): void {
    this.#endAll(broken)
  }

  /** What the connection goes over from now on. */
  carried(over: TransportChange): void {
    this.#over = over
    this.#post({ kind: 'over', leader: this.#id, over })
  }

  /** The server has refused the connection for good. */
  refused(ending: Ending): void {
    this.#refusal = ending
    this.#endAll(ending)
  }

  stop(): void {
    this.#stopBeat()
    this.#endAll(broken)
    this.#radio.close()
  }

  #heard(word: Word): void {
    if (word.kind === 'open') this.#open(word.port)
    else if (word.kind === 'close') this.#drop(word.port)
    else if (word.kind === 'say' && this.#ports.has(word.port)) this.#obey(word.port, JSON.parse(word.text))
  }

  #open(port: string): void {
    if (this.#refusal) return this.#post({ kind: 'ended', to: port, ending: this.#refusal })
    if (!this.#line) return this.#post({ kind: 'wait', to: port })
    if (!this.#ports.has(port)) this.#watch(port)
    const { expiresInMs: _ours, ...welcome } = this.#host.welcome()
    this.#post({
      kind: 'opened',
      to: port,
      leader: this.#id,
      welcome: { ...welcome, heartbeatMs },
      over: this.#over,
    })
  }

  // Its lock is free when its tab is gone, however that went.
  #watch(port: string): void {
    const stop = new AbortController()
    this.#ports.set(port, () => stop.abort())
    navigator.locks
      .request(portLock(port), { signal: stop.signal }, () => this.#drop(port))
      .catch((error: unknown) => stop.signal.aborted || this.#host.report(error))
  }

  #drop(port: string): void {
    this.#ports.get(port)?.()
    if (!this.#ports.delete(port)) return
    for (const name of this.#feeds.keys()) this.#leave(port, name)
    for (const channel of this.#entered.keys()) this.#leavePresence(port, channel)
  }

  #leave(port: string, name: string): void {
    const feed = this.#feeds.get(name)
    feed?.leave(port)
    if (feed?.empty) this.#feeds.delete(name)
  }

  #obey(port: string, message: ClientMessage): void {
    const ref = 'ref' in message ? Number(message.ref) : 0
    switch (message.type) {
      case 'ping':
        return this.#tell(port, message)
      case 'subscribe': {
        const { channel, after, last } = message
        const feed = this.#feeds.get(channel) ?? new Feed(this.#host, channel)
        this.#feeds.set(channel, feed)
        const start = { ...(after !== undefined && { after }), ...(last !== undefined && { last }) }
        return feed.join(port, start, ref, (told) => this.#tell(port, told))
      }
      case 'unsubscribe':
        return this.#leave(port, message.channel)
      case 'publish':
        return this.#publish({ port, ref, message })
      case 'request':
        return void this.#question(port, ref, message)
      case 'presence':
        if (message.action === 'leave' && !this.#leavesLast(port, message.channel))
          return this.#tell(port, { type: 'done', ref })
        this.#entered.set(message.channel, (this.#entered.get(message.channel) ?? new Set()).add(port))
        if (message.action === 'leave') this.#entered.delete(message.channel)
        return void this.#question(port, ref, message)
      default:
    }
  }

  #publish(said: Said): void {
    const ref = this.#host.nextRef()
    this.#said.set(ref, said)
    this.#line?.send({ type: 'publish', ref, text: JSON.stringify({ ...said.message, ref }) })
  }

  async #question(
    port: string,
    ref: number,
    message: ClientMessage & { type: 'request' | 'presence' },
  ): Promise<void> {
    const { ref: _theirs, ...question } = message
    try {
      // Without its number it is what was asked.
      const data = await ask(this.#host, question as Parameters<typeof ask>[1], answerMs)
      this.#tell(port, message.type === 'request' ? { type: 'response', ref, data } : { type: 'done', ref })
    } catch (error) {
      this.#tell(port, refusal(error, ref))
    }
  }

  /** Tabs of one user are one member: it leaves with the last of them. */
  #leavesLast(port: string, channel: string): boolean {
    const entered = this.#entered.get(channel)
    entered?.delete(port)
    return !entered?.size
  }

  #leavePresence(port: string, channel: string): void {
    if (!this.#entered.get(channel)?.has(port) || !this.#leavesLast(port, channel)) return
    this.#entered.delete(channel)
    ask(this.#host, { type: 'presence', channel, action: 'leave' }, answerMs).catch(() => undefined)
  }

  #endAll(ending: Ending): void {
    for (const port of this.#ports.keys()) {
      this.#post({ kind: 'ended', to: port, ending })
      this.#ports.get(port)?.()
    }
    this.#ports.clear()
    for (const [name, feed] of this.#feeds) {
      feed.end()
      this.#feeds.delete(name)
    }
    this.#entered.clear()
  }

  #tell(port: string, message: ServerMessage): void {
    if (this.#ports.has(port)) this.#post({ kind: 'tell', to: port, message })
  }

  #post(word: Word): void {
    this.#radio.postMessage(word)
  }
}
