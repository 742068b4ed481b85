import type { OutletOwner } from '../hub/outlet.ts'
import { codes, EverwireError } from '../protocol/codes.ts'
import type {
  ClientMessage,
  PresenceMessage,
  PublishMessage,
  Ref,
  RequestMessage,
  ServerMessage,
  Start,
  SubscribeMessage,
} from '../protocol/messages.ts'
import { andThen } from './at-once.ts'
import type { Dialect, Heard, Speaker } from './dialect.ts'
import type { Action, Principal } from './guard.ts'
import { Inbox, type Hearer } from './inbox.ts'
import { Lanes } from './lanes.ts'
import type { SocketLink, SocketPeer } from './link.ts'
import type { Prepared } from './publisher.ts'
import type { Place } from './place.ts'
import { Postponed } from './postponed.ts'
import { Hearing, Pulse } from './pulse.ts'
import { closeReason, draining, refusalOf } from './refusal.ts'
import type { Lease } from './presence.ts'
import type { Services } from './services.ts'
import { Subscriptions } from './subscriptions.ts'
import { expiryOf, welcomeOf } from './welcome.ts'

/**
 * One WebSocket client: hears its commands, answers every one of them, and delivers its channels. What it refuses it
 * answers with a code, and lives on. Knows nothing of sockets but the link.
 */
export class Session implements SocketPeer, Speaker, Hearer, OutletOwner {
  place: Place<Session> | undefined
  readonly #services: Services
  readonly #link: SocketLink
  readonly #dialect: Dialect
  readonly #subscriptions: Subscriptions
  readonly #inbox: Inbox
  readonly #lanes = new Lanes()
  readonly #pulse = new Pulse()
  readonly #hearing = new Hearing()
  /** Made for the first publish that is refused. */
  #postponed: Postponed | undefined
  /** By channel: as whom. */
  #entered: Map<string, string> | undefined
  readonly #newMember: () => string
  #member: string | undefined
  #principal: Principal
  #lastPublish: Promise<void> | undefined
  #closed = false

  /** `newMember`: a name for presence, for whoever does not say who it is. */
  constructor(
    services: Services,
    link: SocketLink,
    dialect: Dialect,
    principal: Principal,
    newMember: () => string,
  ) {
    this.#services = services
    this.#link = link
    this.#dialect = dialect
    this.#principal = principal
    this.#newMember = newMember
    this.#subscriptions = new Subscriptions(services, dialect, link, this)
    this.#inbox = new Inbox(link, services.limits, this)
  }

  get principal(): Principal {
    return this.#principal
  }

  /** Joins the server's connections, greets, makes the subscriptions that came with the handshake, and listens. */
  open(channels: readonly string[], starts: readonly Start[]): void {
    this.#services.connections.add(this)
    this.say(welcomeOf(this.#services, this.#principal))
    for (const [i, channel] of channels.entries()) this.obey({ type: 'subscribe', channel, ...starts[i] })
    this.#link.listen(this)
  }

  say(message: ServerMessage): void {
    if (message.type === 'error' && !this.#closed) this.#services.refused(message.code)
    this.send(this.#dialect.write(message))
  }

  send(bytes: Uint8Array): void {
    if (!this.#closed && bytes.length > 0) this.#link.send(bytes)
  }

  obey(message: ClientMessage): void {
    if (this.#services.draining && beginsWork(message)) return this.#refuse(draining(), message)
    switch (message.type) {
      case 'ping':
        return this.say(message)
      case 'publish':
        return this.#begin(message, () => this.#publish(message))
      case 'request':
        return this.#begin(message, () => this.#request(message))
      case 'subscribe':
        return this.#beginInLane(message, () => this.#subscribe(message))
      case 'unsubscribe':
        return this.#beginInLane(message, () => {
          this.#subscriptions.unsubscribe(message.channel)
          this.say({ type: 'unsubscribed', channel: message.channel, ...refOf(message) })
        })
      case 'presence':
        return this.#beginInLane(message, () => this.#presence(message))
      case 'auth':
        // Whatever comes after it is said by whom it makes of the client, so nothing is heard meanwhile.
        return this.#begin(message, () => this.#authenticate(message), true)
    }
  }

  /** Does all that was heard, in order. Hot path: once per message of the client. */
  hear(heard: readonly Heard[]): void {
    for (const each of heard) {
      if (each.kind === 'message') this.obey(each.message)
      else if (each.kind === 'refused') this.#refuse(each.error, { ref: each.ref })
      else this.#begin({}, async () => this.hear(await each.heard), true)
    }
  }

  received(data: string | Uint8Array): void {
    this.#inbox.push(data)
  }

  take(data: string | Uint8Array): void {
    this.hear(this.#dialect.read(data, this))
  }

  drained(): void {
    this.#subscriptions.drained()
    this.#inbox.work()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox.close()
    this.#subscriptions.close()
    this.#leaveBehind()
    this.#services.connections.delete(this)
  }

  end(error: EverwireError): void {
    if (this.#closed) return
    this.#services.refused(error.code)
    this.close(codes[error.code].close, closeReason(error))
  }

  close(code: number, reason: string): void {
    if (this.#closed) return
    this.#link.close(code, reason)
    this.closed()
  }

  drain(): void {
    this.#inbox.whenIdle(() => this.end(draining()))
  }

  /** Called `ticksPerHeartbeat` times a heartbeat. */
  tick(now: number): void {
    const link = this.#link
    if (now >= (this.#principal.expiresAt ?? Infinity)) {
      return this.end(new EverwireError('token-expired', 'the token has expired: connect with a new one'))
    }
    // While bytes wait to leave, its pongs may be as late as they are: then the stall decides.
    const unknown = this.#inbox.paused || link.stalledMs > 0
    if (this.#hearing.tick(link.received, unknown)) return link.destroy()
    if (link.stalledMs >= this.#services.limits.stallMs) {
      // Its close frame would only wait behind all that was not read; a reader that was away comes back by itself.
      this.#services.refused('slow-reader')
      return link.destroy()
    }
    const { beat, silent } = this.#pulse.tick(link.sent)
    if (link.room <= 0) return
    const position = beat || silent ? this.#subscriptions.quietPosition() : undefined
    if (position) this.say(position)
    else if (silent) this.say({ type: 'ping' })
    if (position || silent) this.#pulse.spoke(link.sent)
    if (!beat) return
    link.send(this.#dialect.ping)
    this.#pulse.uncounted(link.sent)
  }

  #begin(message: Answered, work: () => void | Promise<void>, bar = false): void {
    this.#inbox.begin(() => this.#answered(message, work), bar)?.catch(this.#services.report)
  }

  // Commands for one channel take effect in the order in which they were sent.
  #beginInLane(message: Answered & { readonly channel: string }, work: () => void | Promise<void>): void {
    this.#inbox
      .begin(() => this.#lanes.run(message.channel, () => this.#answered(message, work)))
      ?.catch(this.#services.report)
  }

  // What need not wait, a subscription mostly, is answered within the call: ten promises less for each.
  #answered(message: Answered, work: () => void | Promise<void>): void | Promise<void> {
    try {
      return work()?.catch((error: unknown) => this.#refuse(error, message))
    } catch (error) {
      this.#refuse(error, message)
    }
  }

  #refuse(error: unknown, about: { readonly ref?: Ref | undefined; readonly channel?: string }): void {
    const { code, message } = refusalOf(error, this.#services.report)
    const channel = about.channel === undefined ? {} : { channel: about.channel }
    this.say({ type: 'error', code, message, ...refOf(about), ...channel })
  }

  #subscribe(message: SubscribeMessage): void | Promise<void> {
    const { channel } = message
    const told = (id: string | undefined) =>
      this.say({ type: 'subscribed', channel, ...(id === undefined ? {} : { id }), ...refOf(message) })
    return andThen(this.#allow('subscribe', channel), () =>
      this.#subscriptions.subscribe(channel, startOf(message), told),
    )
  }

  /** The log takes the publishes of a connection in their order; their answers may be under way together. */
  async #publish(message: PublishMessage): Promise<void> {
    const { publisher } = this.#services
    const prepared = this.#prepare(message)
    // A refusal is told when it is this publish's turn, not before.
    prepared.catch(() => {})
    const handedOver = (this.#lastPublish ?? Promise.resolve())
      .then(() => prepared)
      .then((entries) => {
        this.#postponed?.admit(message)
        return { answers: publisher.commit(entries) }
      })
    this.#lastPublish = handedOver.then(nothing, nothing)
    try {
      const [answer] = await (await handedOver).answers
      this.#postponed?.settled(message)
      if (!answer) return
      const { id, duplicate } = answer
      this.say({ type: 'published', ...(id === undefined ? {} : { id }), duplicate, ...refOf(message) })
    } catch (error) {
      this.#postponed ??= new Postponed()
      this.#postponed.refused(message, error)
      throw error
    }
  }

  async #prepare(message: PublishMessage): Promise<Prepared> {
    // Whose rights are asked for is whose publish it is, whoever the client may have become meanwhile.
    const { id } = this.#principal
    await this.#allow('publish', message.channel)
    return this.#services.publisher.prepare(id, [message])
  }

  async #request({ channel, event, data, ref }: RequestMessage): Promise<void> {
    await this.#allow('request', channel)
    const answer = await this.#services.handle(this.#principal, channel, event, data)
    this.say({ type: 'response', ref, data: answer ?? null })
  }

  async #presence(message: PresenceMessage): Promise<void> {
    const { channel, action, data = null } = message
    await this.#allow('presence', channel)
    // Who enters before it says who it is stays until it leaves under the name that it had.
    const member = this.#entered?.get(channel) ?? (this.#principal.id || (this.#member ??= this.#newMember()))
    await this.#services.presence.change(channel, member, this.#lease(), { action, data })
    if (action === 'leave') this.#entered?.delete(channel)
    else (this.#entered ??= new Map()).set(channel, member)
    // The client may have gone meanwhile.
    if (this.#closed) this.#leaveBehind()
    this.say({ type: 'done', ...refOf(message) })
  }

  #lease(): Lease {
    return { kind: 'connection', connection: this }
  }

  /** Gives up the lease of whatever was entered. */
  #leaveBehind(): void {
    const { presence, report } = this.#services
    for (const [channel, member] of this.#entered ?? []) {
      presence.change(channel, member, this.#lease(), { action: 'gone', data: null }).catch(report)
    }
    this.#entered = undefined
  }

  async #authenticate(message: ClientMessage & { readonly type: 'auth' }): Promise<void> {
    try {
      this.#principal = await this.#services.guard.refresh(message.token, this.#principal)
    } catch (error) {
      this.#refuse(error, message)
      this.end(refusalOf(error, () => {}))
      return
    }
    this.say({ type: 'done', ...refOf(message), ...expiryOf(this.#principal, this.#services.now()) })
  }

  // Most rules answer at once: then nothing waits.
  #allow(action: Action, channel: string): void | Promise<void> {
    return this.#services.guard.allow(this.#principal, action, channel)
  }

  readFailed(error: unknown): void {
    this.#services.report(error)
    this.end(new EverwireError('store-unavailable', 'the log cannot be read for now: come back and resume'))
  }
}

function nothing(): void {}

type Work = SubscribeMessage | PublishMessage | RequestMessage | PresenceMessage

function beginsWork(message: ClientMessage): message is Work {
  return !['ping', 'unsubscribe', 'auth'].includes(message.type)
}

type Answered = { readonly ref?: Ref; readonly channel?: string }

function refOf({ ref }: { readonly ref?: Ref | undefined }): { readonly ref?: Ref } {
  return ref === undefined ? {} : { ref }
}

function startOf({ after, last }: Start): Start {
  return { ...(after === undefined ? {} : { after }), ...(last === undefined ? {} : { last }) }
}
