import { EverwireError, type ErrorCode } from '../protocol/codes.ts'
import type { ErrorMessage, ServerMessage, Start } from '../protocol/messages.ts'
import type { OpenLine, Rider } from './rider.ts'
import { passes } from './endings.ts'
import type { Heard } from './heard.ts'
import type { Listeners } from './listeners.ts'
import { partsOf } from './position.ts'
import type { Subscription } from './subscription.ts'
import { Track, type Verdict } from './track.ts'
import { decoded, outgoing } from './outgoing.ts'
import type { Ending } from './transports/transport.ts'
import type { ChannelState } from './types.ts'

/** What subscriptions need of the wire. */
export interface Host {
  line(): OpenLine | undefined
  /** Opens another fixed connection with `starts()`. */
  tell(event: 'restream'): void
  nextRef(): number
  later(ms: number, run: () => void): () => void
}

// What may be refused for the sake of one channel; anything else is meant for all.
const channelsFault = /^(forbidden|bad-channel|bad-position|bad-message|too-many-channels)$/
const retryMs = 2_000

/** The channels that are wanted, kept in step with what the line carries, and the way of each message to its own. */
export class Subscriptions implements Rider {
  readonly #host: Host
  readonly #byName = new Map<string, Subscription>()
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
        start,
        track: new Track(start),
        listeners,
        isWanted,
        state: 'idle',
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
  starts(): readonly Subscription[] {
    let all = this.#wanted()
    if (this.#cautious) {
      const suspect = all.find(isSuspect)
      all = all.filter((one) => one === suspect || !isSuspect(one))
    }
    // `last` is said once for all channels of a stream: beside others, such a channel goes first, until it has a position.
    const first = all.length > 1 && all.find(({ track }) => track.resumeFrom().last)
    if (first) all = [first]
    for (const one of all) one.start = one.track.resumeFrom()
    return all
  }

  adopted(line: OpenLine): void {
    for (const subscription of this.#byName.values()) this.#cut(subscription)
    for (const [index, subscription] of (line.starts ?? []).entries())
      this.#started(subscription, line.position, index)
    this.#sync()
  }

  lost(): void {
    for (const subscription of this.#byName.values()) {
      this.#cut(subscription)
      if (subscription.state !== 'denied') become(subscription, 'subscribing')
    }
  }

  /**
   * One refused channel refuses a fixed connection (PROTOCOL.md 7.6). Finds out which: alone among those that were
   * carried before, it is to blame.
   */
  refused(starts: readonly Subscription[], ending: Ending): Ending {
    const { code, message, retry } = ending
    const suspects = starts.filter(isSuspect)
    const [only] = suspects
    if (retry !== 'never' || !code || !channelsFault.test(code) || !only) return ending
    if (suspects.length === 1) this.#deny(only, code, message)
    else this.#cautious = true
    return { retry: 'now', told: true, message }
  }

  // Hot path: once per message.
  received(message: ServerMessage, position?: string): void {
    const line = this.#host.line()
    const carried = line?.starts
    this.#take(message, carried)
    const stands = position ?? (message.type === 'position' ? message.id : undefined)
    if (stands === undefined) return
    const parts = partsOf(stands)
    const about = carried ?? this.#byName.values()
    let index = 0
    for (const { track } of about) track.proved(parts, index++)
  }

  #take(message: ServerMessage, carried?: readonly Subscription[]): void {
    const subscription = 'channel' in message && this.#byName.get(message.channel ?? '')
    if (!subscription) return
    const { name: channel, track, listeners, ref } = subscription
    const index = Math.max(0, carried?.indexOf(subscription) ?? 0)
    const after = track.position ?? '0'
    let verdict: Verdict = 'drop'
    if (message.type === 'message') verdict = track.message(message)
    else if (message.type === 'gap') verdict = track.gap(message, index)
    else if (message.type === 'snapshot') verdict = track.snapshot(message, index)
    else if (message.type === 'subscribed') {
      if (message.ref === ref) this.#started(subscription, message.id)
    } else if (message.type === 'error' && (message.ref === undefined || message.ref === ref))
      this.#refusedOne(subscription, message)

    if (verdict === 'repair') this.#repair(subscription)
    if (verdict === 'repair' || verdict === 'drop') return
    if (message.type === 'gap') listeners.emit('gap', message)
    if (message.type === 'snapshot') listeners.emit('snapshot', message)
    if (message.type !== 'message') return
    const { id, event } = message
    if (verdict === 'gap' && id)
      listeners.emit('gap', { channel, after, oldest: id, head: id, reason: 'unproved', id })
    const heard = decoded(message)
    listeners.emit(` ${event}`, heard)
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
    this.#unsubscribe(subscription)
    if (line?.starts) this.#host.tell('restream')
    else if (line) this.#subscribe(line, subscription)
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
    this.#cautious &&= wanted.some(isSuspect)
    const { starts } = line
    if (!starts) {
      for (const one of wanted) if (!one.ref) this.#subscribe(line, one)
    } else if (starts.length !== wanted.length || starts.some((one, i) => one !== wanted[i]))
      this.#host.tell('restream')
  }

  #wanted(): Subscription[] {
    return [...this.#byName.values()].filter(({ isWanted, state }) => isWanted() && state !== 'denied')
  }
}

/** No connection has carried it, so that it may be to blame when a fixed one is refused. */
function isSuspect({ state }: Subscription): boolean {
  return state === 'subscribing'
}

function become(subscription: Subscription, state: ChannelState): void {
  if (state === subscription.state) return
  subscription.state = state
  const { listeners, track } = subscription
  listeners.emit('state', state)
  if (state === 'subscribed') listeners.emit('subscribed', { id: track.position })
}
