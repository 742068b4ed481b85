import type { Contract, PresenceIn, PresenceOut } from '../contract/types.ts'
import { Listeners } from './listeners.ts'
import type { Sender } from './sender.ts'
import type { Message, SnapshotMark } from './types.ts'

/** Members by their names, with what each shows of itself. */
export type Members<Data> = ReadonlyMap<string, Data>

/** What presence needs of its wire. */
export interface PresenceHost {
  readonly sender: Sender
  channel(name: string): Companion
  report(error: unknown): void
}

/** The channel that has the members. */
interface Companion {
  onMessage(listener: (message: Message) => void): () => void
  on(event: 'snapshot', listener: (mark: SnapshotMark) => void): () => void
}

/** Who is in a channel. Approximate: one who went without a word is seen for up to the time of its lease. */
export class Presence<C extends Contract = Contract, Name extends string = string> {
  readonly #channel: Name
  readonly #host: PresenceHost
  readonly #listeners: Listeners<{ change: Members<PresenceOut<C, Name>> }>
  readonly #members = new Map<string, PresenceOut<C, Name>>()
  #entered: { readonly data: unknown } | undefined
  #whole = true
  #watchers = 0
  #stop: (() => void) | undefined

  constructor(channel: Name, host: PresenceHost) {
    this.#channel = channel
    this.#host = host
    this.#listeners = new Listeners(host.report)
  }

  /** As far as it is known: while somebody listens to `change`. */
  get members(): Members<PresenceOut<C, Name>> {
    return this.#members
  }

  /** Enters, and stays through every reconnection until `leave()`. */
  async enter(...[data]: Shown<PresenceIn<C, Name>>): Promise<void> {
    this.#entered = { data }
    await this.#host.sender.presence(this.#channel, 'enter', data)
  }

  /** Shows something else. */
  async update(...[data]: Shown<PresenceIn<C, Name>>): Promise<void> {
    this.#entered = { data }
    await this.#host.sender.presence(this.#channel, 'update', data)
  }

  async leave(): Promise<void> {
    this.#entered = undefined
    await this.#host.sender.presence(this.#channel, 'leave', undefined)
  }

  /** Calls `listener` with all members whenever they have changed, until the answer is called. */
  on(event: 'change', listener: (members: Members<PresenceOut<C, Name>>) => void): () => void {
    const stop = this.#listeners.on(event, listener)
    if (++this.#watchers === 1) this.#watch()
    let stopped = false
    return () => {
      stop()
      if (stopped) return
      stopped = true
      if (--this.#watchers > 0) return
      this.#stop?.()
      this.#members.clear()
    }
  }

  /** Says again that we are here, where we have entered: a lease is to be renewed, or another node does not know. */
  renew(): void {
    if (!this.#entered) return
    // Whoever waits for `enter` is told by the first; this one only keeps it so.
    this.#host.sender.presence(this.#channel, 'enter', this.#entered.data).catch(() => undefined)
  }

  // The members are the slots of a companion channel that keeps the latest.
  #watch(): void {
    const companion = this.#host.channel(`$presence/${this.#channel}`)
    const stops = [
      companion.onMessage(({ slot = '', data, removed }) => {
        if (removed) this.#members.delete(slot)
        // The server has validated it by the same contract.
        else this.#members.set(slot, data as PresenceOut<C, Name>)
        if (this.#whole) this.#changed()
      }),
      companion.on('snapshot', ({ phase }) => {
        this.#whole = phase === 'end'
        if (this.#whole) this.#changed()
        else this.#members.clear()
      }),
    ]
    this.#stop = () => stops.forEach((stop) => stop())
  }

  #changed(): void {
    this.#listeners.emit('change', new Map(this.#members))
  }
}

type Shown<Data> = undefined extends Data ? [data?: Data] : [data: Data]
