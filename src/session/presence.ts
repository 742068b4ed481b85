import type { Hub } from '../hub/hub.ts'
import type { NewEntry } from '../log/log.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Border } from './border.ts'
import { presenceChannel } from './channels.ts'
import { Lanes } from './lanes.ts'
import type { Limits } from './limits.ts'

/** Who is in a channel, as others see it. */
export interface Member {
  readonly id: string
  /** What it shows of itself; null when nothing. */
  readonly data: unknown
  /** Since when it has shown that, in milliseconds since the Unix epoch. */
  readonly time: number
}

/** By what somebody is in a channel: a connection, which holds its lease itself, or requests that renew it. */
export type Lease =
  | { readonly kind: 'connection'; readonly connection: object }
  | { readonly kind: 'renewed' }

export interface PresenceChange {
  /** `gone`: the connection has ended, and may come back within the grace. */
  readonly action: 'enter' | 'update' | 'leave' | 'gone'
  readonly data: unknown
}

export interface PresenceParts {
  readonly hub: Hub
  readonly border: Border
  readonly limits: Limits
  /** Milliseconds by a clock that nobody sets. */
  readonly elapsed: () => number
  readonly later: (ms: number, run: () => void) => () => void
  readonly report: (error: unknown) => void
}

/** A lease that nothing renews ends after this long. */
const ttlMs = 60_000
/** How long a member stays whose connection has ended, so that a reconnection does not flap. */
const graceMs = 5_000
const listed = 200
const pageEntries = 500
const maxPages = 20

/** A member that this process knows: it stays while one of its leases lives. */
interface Held {
  /** What the log says that it shows. */
  shown: string
  readonly connections: Set<object>
  /** Until when it stays without a connection. */
  until: number
  cancel: () => void
}

/**
 * The members of channels, kept as the latest values of their companion channels (`$presence/...`). What this process
 * finds there of an earlier one stays for the time of a lease, so that everybody can come back first.
 */
export class Presence {
  readonly #parts: PresenceParts
  readonly #channels = new Map<string, Promise<Map<string, Held>>>()
  // One change of a channel after the other: a leave by expiry sees whether the lease is still the last word.
  readonly #lanes = new Lanes()
  #closed = false

  constructor(parts: PresenceParts) {
    this.#parts = parts
  }

  /** Enters, shows something else, leaves or goes. The rights have been checked. Throws `bad-payload`, `too-large`. */
  async change(
    channel: string,
    member: string,
    lease: Lease,
    { action, data }: PresenceChange,
  ): Promise<void> {
    const shows = action === 'enter' || action === 'update'
    const shown = shows ? await this.#shown(channel, data) : 'null'
    await this.#inLane(channel, async (members) => {
      if (shows) await this.#keep(channel, members, member, lease, shown, action)
      else await this.#release(channel, members, member, lease, action)
    })
  }

  /** The first 200 members, by the time of what they show. */
  async members(channel: string): Promise<readonly Member[]> {
    await this.watched(channel)
    const members: Member[] = []
    await this.#eachEntry(channel, ({ slot, data, time }) => {
      members.push({ id: slot, data: JSON.parse(data), time })
      return members.length < listed
    })
    return members
  }

  /** Somebody looks at the channel: those whom nobody holds any more have their time from now on. */
  async watched(channel: string): Promise<void> {
    await this.#inLane(channel, async () => {})
  }

  /** Nobody leaves any more: who comes back to the next process has not been away. */
  close(): void {
    this.#closed = true
  }

  async #keep(
    channel: string,
    members: Map<string, Held>,
    member: string,
    lease: Lease,
    shown: string,
    action: 'enter' | 'update',
  ): Promise<void> {
    const held = members.get(member)
    if (held?.shown !== shown) await this.#append(channel, { event: action, slot: member, data: shown })
    const kept = held ?? { shown, connections: new Set(), until: 0, cancel: () => {} }
    kept.shown = shown
    members.set(member, kept)
    if (lease.kind === 'connection') kept.connections.add(lease.connection)
    else kept.until = Math.max(kept.until, this.#parts.elapsed() + ttlMs)
    this.#schedule(channel, member, kept)
  }

  async #release(
    channel: string,
    members: Map<string, Held>,
    member: string,
    lease: Lease,
    action: 'leave' | 'gone',
  ): Promise<void> {
    const held = members.get(member)
    if (!held) return
    if (lease.kind === 'connection') held.connections.delete(lease.connection)
    const now = this.#parts.elapsed()
    if (action === 'gone') held.until = Math.max(held.until, now + graceMs)
    else held.until = now
    await this.#endUnheld(channel, members, member)
  }

  /** Removes a member that nothing holds; otherwise looks again when that may have changed. */
  async #endUnheld(channel: string, members: Map<string, Held>, member: string): Promise<void> {
    const held = members.get(member)
    if (!held) return
    held.cancel()
    if (held.connections.size > 0 || held.until > this.#parts.elapsed()) {
      this.#schedule(channel, member, held)
      return
    }
    await this.#append(channel, { event: 'leave', slot: member, data: 'null', removed: true })
    members.delete(member)
  }

  #schedule(channel: string, member: string, held: Held): void {
    held.cancel()
    held.cancel = () => {}
    if (held.connections.size > 0) return
    const { elapsed, later, report } = this.#parts
    held.cancel = later(Math.max(0, held.until - elapsed()), () => {
      if (this.#closed) return
      this.#inLane(channel, (members) => this.#endUnheld(channel, members, member)).catch(report)
    })
  }

  async #inLane(channel: string, work: (members: Map<string, Held>) => Promise<void>): Promise<void> {
    let failed: { readonly error: unknown } | undefined
    await this.#lanes.run(channel, async () => {
      try {
        const members = await this.#members(channel)
        await work(members)
        if (members.size === 0) this.#channels.delete(channel)
      } catch (error) {
        failed = { error }
      }
    })
    if (failed) throw failed.error
  }

  #members(channel: string): Promise<Map<string, Held>> {
    const known = this.#channels.get(channel)
    if (known) return known
    const found = this.#adopt(channel)
    this.#channels.set(channel, found)
    // What could not be read is read again by the next who asks.
    found.catch(() => this.#channels.delete(channel))
    return found
  }

  async #adopt(channel: string): Promise<Map<string, Held>> {
    const members = new Map<string, Held>()
    const until = this.#parts.elapsed() + ttlMs
    await this.#eachEntry(channel, ({ slot, data }) => {
      const held: Held = { shown: data, connections: new Set(), until, cancel: () => {} }
      members.set(slot, held)
      this.#schedule(channel, slot, held)
      return true
    })
    return members
  }

  /** Goes through the members in the log until `visit` answers false. */
  async #eachEntry(
    channel: string,
    visit: (entry: { readonly slot: string; readonly data: string; readonly time: number }) => boolean,
  ): Promise<void> {
    const { log } = this.#parts.hub
    let after = 0
    for (let page = 0; page < maxPages; page++) {
      const query = {
        channel: presenceChannel(channel),
        after,
        limit: pageEntries,
        order: 'forward',
      } as const
      const entries = await log.history(query)
      for (const { seq, slot = '', data, time, removed } of entries) {
        after = seq
        if (removed || typeof data !== 'string') continue
        if (!visit({ slot, data, time })) return
      }
      if (entries.length < pageEntries) return
    }
  }

  async #shown(channel: string, data: unknown): Promise<string> {
    const { border, limits } = this.#parts
    const shown = JSON.stringify((await border.presence(channel, data)) ?? null)
    const bytes = Buffer.byteLength(shown)
    if (bytes <= limits.messageBytes) return shown
    throw new EverwireError(
      'too-large',
      `presence data has ${bytes} bytes; at most ${limits.messageBytes}: show less`,
    )
  }

  async #append(channel: string, entry: Omit<NewEntry, 'channel'>): Promise<void> {
    await this.#parts.hub.append([{ channel: presenceChannel(channel), ...entry }])
  }
}
