import type { AnyName, Contract, Known } from '../contract/types.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { WelcomeMessage } from '../protocol/messages.ts'
import { Channel, type ChannelHost } from './channel.ts'
import { drive, type Driver, type OpenLine } from './driver.ts'
import type { Env } from './env.ts'
import { ClientError } from './errors.ts'
import { Listeners } from './listeners.ts'
import type { WireState } from './machine/state.ts'
import type { PageEvent } from './page.ts'
import { Sender } from './sender.ts'
import { Subscriptions } from './subscriptions.ts'
import { pollOnce } from './transports/poll.ts'
import type { Access, Ending, TransportName } from './transports/transport.ts'
import type { ChannelStart, ConnectOptions, WireEvents } from './types.ts'

type Lease = number | undefined

/** A connection to an Everwire server that keeps itself alive, over whatever transport gets through. */
export class Wire<C extends Contract = Contract> {
  readonly #bases: readonly string[]
  readonly #options: ConnectOptions
  readonly #driver: Driver
  readonly #subscriptions: Subscriptions
  readonly #sender: Sender
  readonly #listeners: Listeners<WireEvents>
  readonly #channels = new Map<string, Channel>()
  readonly #host: ChannelHost
  readonly #onLine: ((leaseMs: Lease) => void)[] = []
  readonly #stopPage: () => void
  #leaseMs: Lease
  #transport: TransportName | undefined
  #closed = false

  constructor(
    bases: readonly string[],
    options: ConnectOptions,
    env: Env,
    watchPage: (tell: (event: PageEvent) => void) => () => void,
  ) {
    this.#bases = bases
    this.#options = options
    this.#listeners = new Listeners(env.report)
    const { transports = ['websocket', 'sse', 'poll'], maxAttempts = Infinity, token } = options
    const settings = {
      transports,
      endpoints: bases.length,
      maxAttempts,
      refreshable: typeof token === 'function',
    }
    let refs = 0
    const access = (endpoint: number) => this.#access(endpoint)
    const host = {
      ...env,
      access,
      line: () => this.#driver.line,
      nextRef: () => ++refs,
      stalled: () => this.#driver.tell({ type: 'stalled' }),
      restream: () => this.#driver.tell({ type: 'restream' }),
    }
    const subscriptions = (this.#subscriptions = new Subscriptions({
      ...host,
      ask: async (starts) => pollOnce(await access(0), starts),
    }))
    const sender = (this.#sender = new Sender(host, options.outbox?.limit ?? 1_000))
    this.#host = {
      ...host,
      subscriptions,
      sender,
      channel: (name) => this.#channel(name),
      onLine: (listener) => {
        this.#onLine.push(listener)
        listener(this.#leaseMs)
      },
    }
    this.#driver = drive(settings, env, {
      access,
      starts: () => subscriptions.starts(),
      changed: (state) => this.#listeners.emit('state', state),
      switched: (transport, reason) => {
        if (transport !== this.#transport) this.#listeners.emit('transport', { transport, reason })
        this.#transport = transport
      },
      adopted: (line, welcome, position) => this.#adopted(line, welcome, position),
      lost: (line) => {
        this.#leases(undefined)
        subscriptions.lost()
        sender.lost(line)
      },
      received: (message, position) => {
        if (this.#closed) return
        sender.answered(message)
        subscriptions.received(message, position)
      },
      answered: (message) => sender.answered(message),
      refused: (starts, ending) => subscriptions.refused(starts, ending),
      over: (ending, denied) => this.#over(ending, denied),
    })
    this.#stopPage = watchPage((type) => this.#driver.tell({ type }))
    // In a turn of its own, so that what is asked for in this one goes along.
    env.later(0, () => this.#driver.tell({ type: 'start' }))
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
    this.#leases(undefined)
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
    const give = (given: string | undefined): Access => ({
      base: this.#bases[endpoint] ?? '',
      headers,
      credentials,
      token: given,
    })
    if (typeof token !== 'function') return give(token)
    // Asked in a promise, so that a function that throws is a promise that rejects.
    return Promise.resolve().then(token).then(give)
  }

  #adopted(line: OpenLine, welcome: Partial<WelcomeMessage>, position: string | undefined): void {
    this.#subscriptions.adopted(line, position)
    this.#sender.adopted(welcome)
    this.#leases(line.starts ? (welcome.heartbeatMs ?? 25_000) : Infinity)
  }

  #leases(leaseMs: Lease): void {
    this.#leaseMs = leaseMs
    for (const listener of this.#onLine) listener(leaseMs)
  }
}
