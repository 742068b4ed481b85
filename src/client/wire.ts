import type { AnyName, Contract, Known } from '../contract/types.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import { Channel, type ChannelHost } from './channel.ts'
import { drive, type Driver } from './driver.ts'
import type { Env } from './env.ts'
import { ClientError } from './errors.ts'
import { Listeners } from './listeners.ts'
import type { WireState } from './machine/state.ts'
import type { PageEvent } from './page.ts'
import { Renewal } from './renewal.ts'
import type { Rider } from './rider.ts'
import { Sender } from './sender.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Access, TransportName } from './transports/transport.ts'
import type { ChannelStart, ConnectOptions, TransportChange, WireEvents } from './types.ts'

/** A connection to an Everwire server that keeps itself alive, over whatever transport gets through. */
export class Wire<C extends Contract = Contract> {
  readonly #driver: Driver
  readonly #listeners: Listeners<WireEvents>
  readonly #channels = new Map<string, Channel>()
  readonly #host: ChannelHost
  readonly #riders: Rider[]
  readonly #stopPage: () => void
  #over: Error | undefined

  constructor(
    bases: readonly string[],
    {
      transports = ['websocket', 'sse', 'poll'],
      maxAttempts = Infinity,
      outbox,
      ...identity
    }: ConnectOptions,
    env: Env,
    watchPage: (tell: (event: PageEvent) => void) => () => void,
  ) {
    const listeners = (this.#listeners = new Listeners<WireEvents>(env.report))
    const { token, headers, credentials } = identity
    let refs = 0
    let welcome: Partial<WelcomeMessage> = {}
    let taken: TransportName | undefined
    const carried = (change: TransportChange) => {
      if (change.transport !== taken) listeners.emit('transport', change)
      taken = change.transport
    }
    env.carrier?.(carried)
    const access = (endpoint: number): Access | Promise<Access> => {
      const give = (given: string | undefined) => ({
        base: bases[endpoint] ?? '',
        headers,
        credentials,
        token: given,
      })
      // Asked in a promise, so that a function that throws is a promise that rejects.
      return typeof token === 'function' ? Promise.resolve().then(token).then(give) : give(token)
    }
    const common = {
      ...env,
      // A token of now, for the endpoint that is known to answer.
      access: async () => ({ ...(await access(0)), ...(driver.line && { base: driver.line.access.base }) }),
      line: () => driver.line,
      welcome: () => welcome,
      nextRef: () => ++refs,
      renews: typeof token === 'function',
      stalled: () => driver.tell({ type: 'stalled' }),
      restream: () => driver.tell({ type: 'restream' }),
    }
    const subscriptions = new Subscriptions(common)
    const sender = new Sender(common, outbox?.limit ?? 1_000)
    const riders: Rider[] = (this.#riders = [subscriptions, sender])
    if (typeof token === 'function') riders.push(new Renewal(common))
    this.#host = {
      ...common,
      subscriptions,
      sender,
      channel: (name) => this.#channel(name),
      join: (rider) => {
        riders.push(rider)
        if (driver.line) rider.adopted?.(driver.line)
        if (this.#over) rider.ended?.(this.#over)
      },
    }
    const settings = {
      transports,
      endpoints: bases.length,
      maxAttempts,
      refreshable: typeof token === 'function',
    }
    const answered = (message: ServerMessage) => riders.forEach((rider) => rider.answered?.(message))
    const driver: Driver = (this.#driver = drive(settings, env, {
      access,
      starts: () => subscriptions.starts(),
      refused: (starts, ending) => subscriptions.refused(starts, ending),
      changed: (state) => listeners.emit('state', state),
      switched(transport, reason) {
        if (!env.carrier) carried({ transport, reason })
      },
      adopted(line) {
        // A poll says nothing of the server: what another line said still holds.
        welcome = { ...welcome, ...line.welcome }
        for (const rider of riders) rider.adopted?.(line)
      },
      lost: (line) => riders.forEach((rider) => rider.lost?.(line)),
      received(message, position) {
        answered(message)
        subscriptions.received(message, position)
      },
      answered,
      over: ({ code, message }, denied) => {
        const error = denied
          ? new EverwireError(code ?? 'forbidden', message)
          : new ClientError('gave-up', `${maxAttempts} attempts have failed; the last: ${message}`)
        this.#end(error)
        listeners.emit('error', error)
      },
    }))
    this.#stopPage = watchPage((type) => driver.tell({ type }))
    // In a turn of its own, so that what is asked for in this one goes along.
    env.later(0, () => driver.tell({ type: 'start' }))
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
    if (start && !this.#over) channel.begin(start)
    // One map for all names; the contract's types come by the name.
    return channel as unknown as Channel<C, Name>
  }

  /** Ends the wire for good. What waits rejects with a ClientError `closed`. */
  close(): void {
    if (this.#over) return
    this.#end(new ClientError('closed', 'the wire was closed'))
    this.#driver.tell({ type: 'close' })
  }

  #end(error: Error): void {
    this.#over = error
    this.#stopPage()
    for (const rider of this.#riders) rider.ended?.(error)
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, (channel = new Channel(name, this.#host)))
    return channel
  }
}
