import type { AnyName, Contract, Known } from '../contract/types.ts'
import { Channel, type ChannelHost } from './channel.ts'
import { drive, type Driver } from './driver.ts'
import type { Env } from './env.ts'
import { ClientError } from './errors.ts'
import { Listeners } from './listeners.ts'
import type { WireState } from './machine/acts.ts'
import type { PageEvent } from './page.ts'
import { Renewal } from './renewal.ts'
import { Sender } from './sender.ts'
import { Subscriptions } from './subscriptions.ts'
import type { ChannelStart, ConnectOptions, WireEvents } from './types.ts'

/** A connection to an Everwire server that keeps itself alive, over whatever transport gets through. */
export class Wire<C extends Contract = Contract> {
  readonly #listeners: Listeners<WireEvents>
  readonly #channels = new Map<string, Channel>()
  readonly #host: ChannelHost & Driver

  constructor(
    bases: readonly string[],
    options: ConnectOptions,
    env: Env,
    watchPage: (tell: (event: PageEvent) => void) => () => void,
  ) {
    this.#listeners = new Listeners<WireEvents>(env.report)
    const driver = drive(
      bases,
      options,
      env,
      () => this.#host.subscriptions,
      (name, value) => this.#listeners.emit(name, value),
    )
    this.#host = {
      ...driver,
      subscriptions: new Subscriptions(driver),
      sender: new Sender(driver, options.outbox?.limit ?? 1_000),
      channel: (name) => this.#channel(name),
    }
    driver.join(this.#host.subscriptions)
    driver.join(this.#host.sender)
    if (driver.renews) driver.join(new Renewal(driver))
    driver.join({ ended: watchPage((event) => driver.tell(event)) })
    // In a turn of its own, so that what is asked for in this one goes along.
    env.later(0, () => driver.tell('shown'))
  }

  /** What a page may show. `recovered`: alive again after a drop, for a while. */
  get state(): WireState {
    return this.#host.state()
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
    if (start && !this.#host.over()) channel.begin(start)
    // One map for all names; the contract's types come by the name.
    return channel as unknown as Channel<C, Name>
  }

  /** Ends the wire for good. What waits rejects with a ClientError `closed`. */
  close(): void {
    if (this.#host.over()) return
    this.#host.end(new ClientError('closed', 'the wire was closed'))
    this.#host.tell('close')
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, (channel = new Channel(name, this.#host)))
    return channel
  }
}
