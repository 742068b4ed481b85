import type { Contract, DataIn, DataOut, EventName } from '../contract/types.ts'
import type { ChannelEvents, Heard } from './heard.ts'
import { Listeners } from './listeners.ts'
import type { Rider } from './rider.ts'
import type { Post, Sender } from './sender.ts'
import type { Access } from './transports/transport.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { ChannelStart, ChannelState, Message, Published, PublishOptions } from './types.ts'

/** What a channel, and what is built upon it, needs of its wire. */
export interface ChannelHost extends Post {
  readonly subscriptions: Subscriptions
  readonly sender: Sender
  channel(name: string): Channel
  access(): Promise<Access>
  join(rider: Rider): void
  report(error: unknown): void
}

/** Who listens to these only does not subscribe. */
const standsBy: ReadonlySet<keyof Heard> = new Set(['state', 'error'])
const own: ReadonlySet<string> = new Set(['*', 'gap', 'snapshot', 'state', 'subscribed', 'error'])

const hosts = new WeakMap<object, ChannelHost>()

/** The wire of a channel, for what not every page needs. Throws a TypeError for what is no channel. */
export function hostOf(channel: object): ChannelHost {
  const host = hosts.get(channel)
  if (!host) throw new TypeError('that is no channel of a wire')
  return host
}

/**
 * One channel of a wire. It is subscribed while somebody listens to it, or from the start that was given until
 * `leave()`. Every message comes once, in order, or a `gap` says where that cannot be proved.
 */
export class Channel<C extends Contract = Contract, Name extends string = string> {
  readonly name: Name
  readonly #host: ChannelHost
  readonly #listeners: Listeners<Heard>
  #start: ChannelStart = {}
  #held = false

  constructor(name: Name, host: ChannelHost) {
    this.name = name
    this.#host = host
    hosts.set(this, host)
    this.#listeners = new Listeners<Heard>(host.report)
  }

  get state(): ChannelState {
    return this.#host.subscriptions.find(this.name)?.state ?? 'idle'
  }

  /** Everything up to it was delivered, or covered by a gap; start with it as `after` to go on from here. */
  get position(): string | undefined {
    return this.#host.subscriptions.find(this.name)?.track.position
  }

  /**
   * Calls `listener` for each message with this event, or for `'*'`, `'gap'`, `'snapshot'`, `'state'`,
   * `'subscribed'` and `'error'` of the channel itself, until the answer is called.
   */
  on<Event extends keyof ChannelEvents>(
    event: Event,
    listener: (value: ChannelEvents[Event]) => void,
  ): () => void
  on<Event extends EventName<C, Name>>(
    event: Event,
    listener: (message: Message<DataOut<C, Name, Event>>) => void,
  ): () => void
  on(event: string, listener: (value: never) => void): () => void {
    // The overloads tie the listener to what is emitted under the name.
    const untyped = listener as (value: unknown) => void
    const stop = this.#listeners.on((own.has(event) ? event : ` ${event}`) as keyof Heard, untyped)
    this.#changed()
    return () => {
      stop()
      this.#changed()
    }
  }

  /** All messages, also those of events named like one of the channel's own. */
  onMessage(listener: (message: Message) => void): () => void {
    return this.on('*', listener)
  }

  /** Subscribes at `start`, until `leave()`. Once it is subscribed, a start says nothing. */
  begin(start: ChannelStart): this {
    this.#start = start
    this.#held = true
    this.#changed()
    return this
  }

  /** Unsubscribes, whoever listens; the next listener begins anew. */
  leave(): void {
    this.#held = false
    this.#start = {}
    this.#listeners.clear()
    this.#host.subscriptions.forget(this.name)
  }

  /**
   * Takes effect exactly once, in the order of the calls, as soon as there is a connection. Rejects with an
   * EverwireError when the server refuses it; with a ClientError `outbox-full`, or `unknown` when it was sent, never
   * answered, and is older than the server's memory of keys.
   */
  publish<Event extends EventName<C, Name>>(
    event: Event,
    data: DataIn<C, Name, Event>,
    options?: PublishOptions,
  ): Promise<Published> {
    return this.#host.sender.publish(this.name, event, data, options)
  }

  #changed(): void {
    const isWanted = () => this.#held || this.#listeners.hears(standsBy)
    this.#host.subscriptions.changed(this.name, this.#start, this.#listeners, isWanted)
  }
}
