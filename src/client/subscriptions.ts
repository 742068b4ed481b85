import { EverwireError, type ErrorCode } from '../protocol/codes.ts'
import type { ChannelMessage, ErrorMessage, ServerMessage, Start } from '../protocol/messages.ts'
import type { OpenLine } from './driver.ts'
import { passes } from './endings.ts'
import { endingOf } from './http.ts'
import type { Heard } from './heard.ts'
import type { Listeners } from './listeners.ts'
import { partsOf } from './position.ts'
import type { Rider } from './rider.ts'
import { Track } from './track.ts'
import { decoded, outgoing } from './outgoing.ts'
import { inOrder, pollOnce } from './transports/poll.ts'
import type { Access, Ending, Starts } from './transports/transport.ts'
import type { ChannelState } from './types.ts'

interface Subscription {
  readonly name: string
  readonly track: Track
  readonly listeners: Listeners<Heard>
  isWanted(): boolean
  state: ChannelState
  /** A fixed connection has carried it, so that a refusal of the next is not for its sake. */
  admitted: boolean
  /** Its first messages are being fetched. */
  filling: boolean
  /** Of the `subscribe` that holds on this line. */
  ref: number | undefined
}

/** What subscriptions need of the wire. */
export interface Host {
  line(): OpenLine | undefined
  /** Opens another fixed connection with `starts()`. */
  tell(event: 'restream'): void
  nextRef(): number
  /** For what is asked beside the line. */
  access(): Promise<Access>
  later(ms: number, run: () => void): () => void
}

// What may be refused for the sake of one channel; anything else is meant for all.
const channelsFault = /^(forbidden|bad-channel|bad-position|bad-message|too-many-channels)$/
const retryMs = 2_000

/** The channels that are wanted, kept in step with what the line carries, and the way of each message to its own. */
export class Subscriptions implements Rider {
  readonly #host: Host
  readonly #byName = new Map<string, Subscription>()
  /** What each fixed connection carries. */
  readonly #carried = new WeakMap<Starts, readonly Subscription[]>()
  #cautious = false
  #syncing = false

  constructor(host: Host) {
    this.#host = host
  }

  /** Subscribes, unless it is; unsubscribes at the end of this turn what is not wanted by then. */
  changed(name: string, start: Start, listeners: Listeners<Heard>, isWanted: () => boolean): void {
    if (!this.#byName.has(name) && isWanted()) {
      const subscription: Subscription = {
        name,
        track: new Track(start),
        listeners,
        isWanted,
        state: 'idle',
        admitted: false,
        filling: false,
        ref: undefined,
      }
      this.#byName.set(name, subscription)
      become(subscription, 'subscribing')
    }
    this.#syncSoon()
  }

  /** Unsubscribes; what comes later begins anew. */
  forget(name: string): void {
    const subscription = this.#byName.get(name)
    if (!subscription) return
    this.#unsubscribe(subscription)
    this.#byName.delete(name)
    this.#syncSoon()
    become(subscription, 'idle')
  }

  find(name: string): Pick<Subscription, 'state' | 'track'> | undefined {
    return this.#byName.get(name)
  }

  /** What a fixed connection is to carry. */
  starts(): Starts {
    let all = this.#wanted()
    if (this.#cautious) {
      const suspect = all.find(({ admitted }) => !admitted)
      all = all.filter((one) => one.admitted || one === suspect)
    }
    // `last` is said once for all channels of a stream: beside others such a channel gets its first messages by a poll.
    if (all.length > 1) for (const one of all) if (one.track.resumeFrom().last) void this.#fill(one)
    all = all.filter(({ filling }) => !filling)
    const starts = all.map(({ name, track }) => [name, track.resumeFrom()] as const)
    this.#carried.set(starts, all)
    return starts
  }

  adopted(line: OpenLine): void {
    for (const subscription of this.#byName.values()) this.#cut(subscription)
    for (const [index, subscription] of this.#on(line).entries()) {
      subscription.admitted = true
      this.#started(subscription, line.position, index)
    }
    this.#sync()
  }

  lost(): void {
    for (const subscription of this.#byName.values()) {
      this.#cut(subscription)
      subscription.admitted = false
      if (subscription.state !== 'denied') become(subscription, 'subscribing')
    }
  }

  /**
   * One refused channel refuses a fixed connection (PROTOCOL.md 7.6). Finds out which: alone among those that were
   * carried before, it is to blame.
   */
  refused(starts: Starts, ending: Ending): Ending {
    const { code, message, retry } = ending
    const suspects = (this.#carried.get(starts) ?? []).filter(({ admitted }) => !admitted)
    const [only] = suspects
    if (retry !== 'never' || !code || !channelsFault.test(code) || !only) return ending
    if (suspects.length === 1) this.#deny(only, code, message)
    else this.#cautious = true
    return { retry: 'now', told: true, message }
  }

  // Hot path: once per message.
  received(message: ServerMessage, position?: string): void {
    const line = this.#host.line()
    const carried = line ? this.#on(line) : []
    this.#take(message, carried)
    const stands = position ?? (message.type === 'position' ? message.id : undefined)
    if (stands === undefined) return
    const parts = partsOf(stands)
    const about = line?.starts ? carried : this.#byName.values()
    let index = 0
    for (const { track } of about) track.proved(parts, index++)
  }

  #take(message: ServerMessage, carried: readonly Subscription[]): void {
    const subscription = 'channel' in message && this.#byName.get(message.channel ?? '')
    if (!subscription) return
    const { track, listeners } = subscription
    const index = Math.max(0, carried.indexOf(subscription))
    let verdict
    switch (message.type) {
      case 'message':
        return this.#message(subscription, message)
      case 'gap':
        verdict = track.gap(message, index)
        if (verdict === 'repair') this.#repair(subscription)
        else if (verdict !== 'drop') listeners.emit('gap', message)
        return
      case 'snapshot':
        if (track.snapshot(message, index)) listeners.emit('snapshot', message)
        return
      case 'subscribed':
        if (message.ref === subscription.ref) this.#started(subscription, message.id)
        return
      case 'error':
        if (message.ref === undefined || message.ref === subscription.ref)
          this.#refusedOne(subscription, message)
        return
      default:
    }
  }

  async #fill(subscription: Subscription): Promise<void> {
    const { name, track } = subscription
    subscription.filling = true
    try {
      const answer = await pollOnce(await this.#host.access(), [[name, track.resumeFrom()]])
      track.started(undefined)
      for (const message of inOrder(answer)) this.#take(message, [])
      track.proved(partsOf(answer.id))
      track.pause()
    } catch (error) {
      const { retry, code, message } = endingOf(error)
      if (retry === 'never' && code) this.#deny(subscription, code, message)
      else await new Promise<void>((resolve) => this.#host.later(retryMs, resolve))
    }
    subscription.filling = false
    this.#syncSoon()
  }

  #message(subscription: Subscription, message: ChannelMessage): void {
    const { track, listeners, name } = subscription
    const after = track.position ?? '0'
    const verdict = track.message(message)
    if (verdict === 'repair') return this.#repair(subscription)
    if (verdict === 'drop') return
    const { id } = message
    if (verdict === 'gap' && id)
      listeners.emit('gap', { channel: name, after, oldest: id, head: id, reason: 'unproved', id })
    const heard = decoded(message)
    listeners.emit(` ${message.event}`, heard)
    listeners.emit('*', heard)
  }

  #cut(subscription: Subscription): void {
    subscription.track.pause()
    subscription.ref = undefined
  }

  #started(subscription: Subscription, id: string | undefined, index = 0): void {
    const whole = subscription.track.started(id, index)
    become(subscription, 'subscribed')
    if (!whole) this.#repair(subscription)
  }

  #refusedOne(subscription: Subscription, { code, message }: ErrorMessage): void {
    if (!passes(code)) return this.#deny(subscription, code, message)
    subscription.ref = undefined
    this.#host.later(retryMs, () => this.#syncSoon())
  }

  #deny(subscription: Subscription, code: ErrorCode, message: string): void {
    this.#cut(subscription)
    become(subscription, 'denied')
    subscription.listeners.emit('error', new EverwireError(code, message))
    this.#syncSoon()
  }

  // What is missing is asked for once; the track raises a gap if it does not come.
  #repair(subscription: Subscription): void {
    subscription.track.pause()
    const line = this.#host.line()
    if (!line) return
    if (line.starts) return this.#host.tell('restream')
    this.#unsubscribe(subscription)
    this.#subscribe(line, subscription)
  }

  #unsubscribe({ name: channel, ref }: Subscription): void {
    if (ref !== undefined) this.#host.line()?.send(outgoing({ type: 'unsubscribe', channel }))
  }

  #subscribe(line: OpenLine, subscription: Subscription): void {
    const { name, track } = subscription
    const ref = (subscription.ref = this.#host.nextRef())
    line.send(outgoing({ type: 'subscribe', channel: name, ...track.resumeFrom(), ref }))
  }

  #syncSoon(): void {
    if (this.#syncing) return
    this.#syncing = true
    // One turn's changes are one change.
    this.#host.later(0, () => {
      this.#syncing = false
      for (const { name, isWanted } of this.#byName.values()) if (!isWanted()) this.forget(name)
      this.#sync()
    })
  }

  #sync(): void {
    const line = this.#host.line()
    if (!line) return
    const wanted = this.#wanted()
    if (line.starts) {
      if (this.#cautious) this.#cautious = wanted.some(({ admitted }) => !admitted)
      const carried = this.#on(line)
      if (carried.length !== wanted.length || carried.some((one, i) => one !== wanted[i]))
        this.#host.tell('restream')
      return
    }
    for (const subscription of wanted) if (!subscription.ref) this.#subscribe(line, subscription)
  }

  #wanted(): Subscription[] {
    return [...this.#byName.values()].filter(
      ({ isWanted, state, filling }) => isWanted() && state !== 'denied' && !filling,
    )
  }

  #on({ starts }: OpenLine): readonly Subscription[] {
    return (starts && this.#carried.get(starts)) ?? []
  }
}

function become(subscription: Subscription, state: ChannelState): void {
  if (state === subscription.state) return
  subscription.state = state
  const { listeners, track } = subscription
  listeners.emit('state', state)
  if (state === 'subscribed') listeners.emit('subscribed', { id: track.position })
}
