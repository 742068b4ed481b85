import type { AnyName, Contract, Known } from '../contract/types.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import { Channel, type ChannelHost } from './channel.ts'
import { Driver, type OpenLine } from './driver.ts'
import type { Env } from './env.ts'
import { ClientError } from './errors.ts'
import { ask } from './http.ts'
import { Listeners } from './listeners.ts'
import type { WireState } from './machine/state.ts'
import type { PageEvent } from './page.ts'
import { Sender } from './sender.ts'
import { decoded, Subscriptions } from './subscriptions.ts'
import { pollOnce } from './transports/poll.ts'
import type { Access, Ending, TransportName } from './transports/transport.ts'
import type { ChannelStart, ConnectOptions, HistoryOptions, WireEvents } from './types.ts'

/** A connection to an Everwire server that keeps itself alive, over whatever transport gets through. */
export class Wire<C extends Contract = Contract> {
  readonly #env: Env
  readonly #bases: readonly string[]
  readonly #options: ConnectOptions
  readonly #driver: Driver
  readonly #subscriptions: Subscriptions
  readonly #sender: Sender
  readonly #listeners: Listeners<WireEvents>
  readonly #channels = new Map<string, Channel>()
  readonly #host: ChannelHost
  readonly #stopPage: () => void
  #transport: TransportName | undefined
  #refs = 0
  #closed = false
  #stopRenewing: (() => void) | undefined

  constructor(
    bases: readonly string[],
    options: ConnectOptions,
    env: Env,
    watchPage: (tell: (event: PageEvent) => void) => () => void,
  ) {
    this.#bases = bases
    this.#options = options
    this.#env = env
    this.#listeners = new Listeners(env.report)
    const nextRef = () => ++this.#refs
    const line = () => this.#driver.line
    const later = env.later.bind(env)
    const { transports = ['websocket', 'sse', 'poll'], maxAttempts = Infinity, token } = options
    const settings = {
      transports,
      endpoints: bases.length,
      maxAttempts,
      refreshable: typeof token === 'function',
    }
    this.#driver = new Driver(settings, env, {
      access: (endpoint) => this.#access(endpoint),
      starts: () => this.#subscriptions.starts(),
      changed: (state) => this.#listeners.emit('state', state),
      switched: (transport, reason) => {
        if (transport !== this.#transport) this.#listeners.emit('transport', { transport, reason })
        this.#transport = transport
      },
      adopted: (opened, welcome, position) => this.#adopted(opened, welcome, position),
      lost: (gone) => this.#lost(gone),
      received: (message, position) => this.#received(message, position),
      answered: (message) => this.#sender.answered(message),
      refused: (starts, ending) => this.#subscriptions.refused(starts, ending),
      over: (ending, denied) => this.#over(ending, denied),
    })
    this.#subscriptions = new Subscriptions({
      line,
      nextRef,
      later,
      restream: () => this.#driver.tell({ type: 'restream' }),
      ask: async (starts) => pollOnce(await this.#access(0), starts),
    })
    this.#sender = new Sender(
      {
        line,
        nextRef,
        later,
        now: env.now,
        key: env.key,
        stalled: () => this.#driver.tell({ type: 'stalled' }),
      },
      options.outbox?.limit ?? 1_000,
    )
    this.#host = {
      subscriptions: this.#subscriptions,
      sender: this.#sender,
      report: env.report,
      channel: (name) => this.#channel(name),
      history: (channel, history) => this.#history(channel, history),
    }
    this.#stopPage = watchPage((event) =>
      this.#driver.tell(
        event === 'offline' ? { type: event } : { type: event, heardAt: this.#driver.heardAt },
      ),
    )
    // In a turn of its own, so that what is asked for in this one goes along.
    later(0, () => this.#driver.tell({ type: 'start' }))
  }

  /** What a page may show. `recovered`: alive again after a drop, for a while. */
  get state(): WireState {
    return this.#driver.state
  }

  /** Calls `listener` at each change of state or transport, or when the wire has ended by itself, until the answer is called. */
  on<Event extends 'state' | 'transport' | 'error'>(
    event: Event,
    listener: (value: WireEvents[Event]) => void,
  ): () => void {
    return this.#listeners.on(event, listener)
  }

  /**
   * The channel of this name, always the same object. It is subscribed when the first listener comes; with a `start`
   * at once, from there.
   */
  channel<const Name extends AnyName<C>>(name: Known<C, Name>, start?: ChannelStart): Channel<C, Name> {
    // A name that is known is text.
    const channel = this.#channel(name as string)
    if (start && !this.#closed) channel.begin(start)
    // One map for all names; the contract's types come by the name.
    return channel as unknown as Channel<C, Name>
  }

  /** Ends the wire for good. What waits rejects with a ClientError `closed`. */
  close(): void {
    if (this.#closed) return
    this.#end(new ClientError('closed', 'the wire was closed'))
    this.#driver.tell({ type: 'close' })
  }

  #end(error: Error): void {
    this.#closed = true
    this.#stopPage()
    this.#stopRenewing?.()
    this.#sender.fail(error)
  }

  #over({ code, message }: Ending, denied: boolean): void {
    const error = denied
      ? new EverwireError(code ?? 'forbidden', message)
      : new ClientError('gave-up', `${this.#options.maxAttempts} attempts have failed; the last: ${message}`)
    this.#end(error)
    this.#listeners.emit('error', error)
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, (channel = new Channel(name, this.#host)))
    return channel
  }

  #access(endpoint: number): Access | Promise<Access> {
    const { headers, credentials, token } = this.#options
    const base = this.#bases[endpoint] ?? ''
    const give = (given: string | undefined): Access => ({ base, headers, credentials, token: given })
    if (typeof token !== 'function') return give(token)
    // Asked in a promise, so that a function that throws is a promise that rejects.
    return Promise.resolve().then(token).then(give)
  }

  async #history(channel: string, options: HistoryOptions) {
    const query = new URLSearchParams({ channel })
    for (const [name, value] of Object.entries(options)) query.set(name, String(value))
    const answer = await ask(await this.#access(0), `/history?${query}`)
    const { messages, more } = await answer.json()
    return { messages: messages.map(decoded), more }
  }

  #adopted(line: OpenLine, welcome: Partial<WelcomeMessage>, position: string | undefined): void {
    this.#subscriptions.adopted(line, position)
    this.#sender.adopted(welcome)
    this.#renew(line.starts ? (welcome.heartbeatMs ?? 25_000) : undefined)
  }

  #lost(line: OpenLine): void {
    this.#stopRenewing?.()
    this.#subscriptions.lost()
    this.#sender.lost(line)
  }

  // A WebSocket holds its members itself; beside a stream they have to say that they are still there.
  #renew(everyMs: number | undefined): void {
    this.#stopRenewing?.()
    for (const channel of this.#channels.values()) channel.presence.renew()
    if (everyMs !== undefined) this.#stopRenewing = this.#env.later(everyMs, () => this.#renew(everyMs))
  }

  #received(message: ServerMessage, position: string | undefined): void {
    if (this.#closed) return
    this.#sender.answered(message)
    this.#subscriptions.received(message, position)
  }
}
