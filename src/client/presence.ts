import type { Contract, PresenceIn, PresenceOut } from '../contract/types.ts'
import { EverwireError } from '../protocol/codes.ts'
import { ask } from './asking.ts'
import { hostOf, type Channel, type ChannelHost } from './channel.ts'
import { passes } from './endings.ts'
import { ClientError } from './errors.ts'
import { Listeners } from './listeners.ts'

/** Members by their names, with what each shows of itself. */
export type Members<Data> = ReadonlyMap<string, Data>

const retryMs = 1_000
/** How long the server has to say that it was done. */
const answerMs = 30_000

const presences = new WeakMap<object, unknown>()

/** Who is in this channel; always the same object for the same channel. */
export function presence<C extends Contract, Name extends string>(
  channel: Channel<C, Name>,
): Presence<C, Name> {
  // What is kept under a channel was made for it.
  const known = presences.get(channel) as Presence<C, Name> | undefined
  if (known) return known
  const made = new Presence<C, Name>(channel.name, hostOf(channel))
  presences.set(channel, made)
  return made
}

/** Who is in a channel. Approximate: one who went without a word is seen for up to the time of its lease. */
export class Presence<C extends Contract = Contract, Name extends string = string> {
  readonly #channel: Name
  readonly #host: ChannelHost
  readonly #listeners: Listeners<{ change: Members<PresenceOut<C, Name>> }>
  readonly #members = new Map<string, PresenceOut<C, Name>>()
  #entered: { readonly data: unknown } | undefined
  #whole = true
  #watchers = 0
  #stop: (() => void) | undefined
  #stopRenewing: (() => void) | undefined

  constructor(channel: Name, host: ChannelHost) {
    this.#channel = channel
    this.#host = host
    this.#listeners = new Listeners(host.report)
    const stop = () => this.#stopRenewing?.()
    host.join({
      adopted: ({ starts, welcome }) => this.#renew(starts ? (welcome.heartbeatMs ?? 25_000) : Infinity),
      lost: stop,
      ended: stop,
    })
  }

  /** As far as it is known: while somebody listens to `change`. */
  get members(): Members<PresenceOut<C, Name>> {
    return this.#members
  }

  /** Enters, and stays through every reconnection until `leave()`. */
  enter(...[data]: Shown<PresenceIn<C, Name>>): Promise<void> {
    this.#entered = { data }
    return this.#say('enter', data)
  }

  /** Shows something else. */
  update(...[data]: Shown<PresenceIn<C, Name>>): Promise<void> {
    this.#entered = { data }
    return this.#say('update', data)
  }

  leave(): Promise<void> {
    this.#entered = undefined
    return this.#say('leave')
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

  // Unlike a request it may be said again: it is the same the second time.
  async #say(action: 'enter' | 'update' | 'leave', data?: unknown): Promise<void> {
    const { now, later } = this.#host
    const until = now() + answerMs
    for (;;) {
      try {
        await ask(this.#host, { type: 'presence', channel: this.#channel, action, data }, until - now())
        return
      } catch (error) {
        if (error instanceof EverwireError && passes(error.code))
          await new Promise<void>((resolve) => later(retryMs, resolve))
        else if (!(error instanceof ClientError && error.code === 'disconnected')) throw error
      }
    }
  }

  // A WebSocket holds its members itself, beside a stream they have to say that they are still there; and another node
  // does not know them.
  #renew(leaseMs: number): void {
    this.#stopRenewing?.()
    // Whoever waits for `enter` is told by the first; this one only keeps it so.
    if (this.#entered) this.#say('enter', this.#entered.data).catch(() => undefined)
    if (leaseMs < Infinity) this.#stopRenewing = this.#host.later(leaseMs, () => this.#renew(leaseMs))
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
