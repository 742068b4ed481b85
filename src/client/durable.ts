import type { AnyName, Contract, DataIn, EventName, Known } from '../contract/types.ts'
import { hostOf, type ChannelHost } from './channel.ts'
import { ClientError } from './errors.ts'
import { Listeners } from './listeners.ts'
import { watchPage } from './page.ts'
import { Shelf, type Kept } from './shelf.ts'
import type { Published, PublishOptions } from './types.ts'
import type { Wire } from './wire.ts'

export interface DurableOptions {
  /** Outboxes of the same name are one, in all tabs: one per user, since what waits is sent as whoever is signed in. */
  readonly name: string
  /** How many publishes may wait. Default: 1,000. */
  readonly limit?: number
}

/** A publish that the server refused, or that is `unknown`: sent, never answered, and too old to be sent again. */
export interface Unpublished extends Pick<Kept, 'channel' | 'event' | 'data'> {
  readonly error: Error
}

/** What one tab tells the others. */
type Word =
  | { readonly kind: 'new' }
  | { readonly kind: 'settled'; readonly id: number; readonly answer?: Published; readonly error?: Error }

/** Publishes that are under way at once. */
const windowSize = 64
const retryMs = 1_000

const outboxes = new WeakMap<object, Map<string, Durable>>()

/**
 * An outbox that outlives the page, in IndexedDB: what was published is sent once, in order, whatever is reloaded, closed
 * or crashes before it was answered. Always the same object for the same wire and name.
 */
export function durable<C extends Contract>(
  wire: Wire<C>,
  { name, limit = 1_000 }: DurableOptions,
): Durable<C> {
  // Any channel knows its wire.
  const host = hostOf((wire as unknown as Wire).channel(name))
  const known = outboxes.get(wire) ?? new Map<string, Durable>()
  outboxes.set(wire, known)
  const outbox = known.get(name) ?? new Durable(host, name, limit)
  known.set(name, outbox)
  // What it keeps is the same under every contract.
  return outbox as unknown as Durable<C>
}

/** See `durable()`. */
export class Durable<C extends Contract = Contract> {
  readonly #host: ChannelHost
  readonly #shelf: Shelf
  readonly #limit: number
  readonly #room: string
  readonly #radio: BroadcastChannel
  readonly #listeners: Listeners<{ unpublished: Unpublished }>
  readonly #waiting = new Map<number, (result: Published | Error) => void>()
  readonly #underWay = new Set<number>()
  #sending: AbortController | undefined
  /** While this tab is the one that sends. */
  #leading: AbortController | undefined
  #reading = false
  #more = false
  #over = false

  constructor(host: ChannelHost, name: string, limit: number) {
    this.#host = host
    this.#limit = limit
    this.#room = `everwire outbox ${name}`
    this.#shelf = new Shelf(this.#room)
    this.#listeners = new Listeners(host.report)
    this.#radio = new BroadcastChannel(this.#room)
    this.#radio.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.kind === 'new') this.#flush()
      else this.#settled(data.id, data.answer ?? data.error)
    }
    // A page that is asleep must hold no lock.
    const stop = watchPage((event) => {
      if (event === 'asleep') this.#stand(false)
      if (event === 'shown') this.#stand(true)
    })
    host.join({
      adopted: () => this.#flush(),
      ended: () => {
        this.#over = true
        stop()
        this.#stand(false)
        this.#radio.close()
      },
    })
    this.#stand(true)
  }

  /**
   * Fulfilled once it is kept: from then on it outlives the page. `published` is fulfilled once the server has it, if this
   * page still lives. Rejects with a ClientError `outbox-full`, or with what the browser's store says.
   */
  async publish<const Name extends AnyName<C>, Event extends EventName<C, Name>>(
    channel: Known<C, Name>,
    event: Event,
    data: DataIn<C, Name, Event>,
    options: PublishOptions = {},
  ): Promise<{ readonly published: Promise<Published> }> {
    // A name that is known is text.
    const kept = { channel: channel as string, event, data, options: { key: this.#host.key(), ...options } }
    const id = await this.#shelf.add(kept, this.#limit)
    if (id === undefined)
      throw new ClientError('outbox-full', `${this.#limit} publishes wait already: raise the limit, or wait`)
    const published = new Promise<Published>((resolve, reject) => {
      this.#waiting.set(id, (result) => (result instanceof Error ? reject(result) : resolve(result)))
    })
    // Who does not wait for it hears of it by `unpublished`.
    published.catch(() => {})
    if (!this.#over) this.#radio.postMessage({ kind: 'new' } satisfies Word)
    this.#flush()
    return { published }
  }

  /** How many wait, in all tabs. */
  size(): Promise<number> {
    return this.#shelf.size()
  }

  /** Calls `listener` for each publish that came to nothing, also of pages that are gone, until the answer is called. */
  on(event: 'unpublished', listener: (value: Unpublished) => void): () => void {
    return this.#listeners.on(event, listener)
  }

  // One tab sends for all, in the order in which it was kept.
  #stand(ready: boolean): void {
    if (ready === (this.#sending !== undefined)) return
    this.#sending?.abort()
    this.#sending = undefined
    if (!ready || this.#over) return
    const sending = (this.#sending = new AbortController())
    const { signal } = sending
    const lead = () => {
      this.#leading = sending
      this.#flush()
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    navigator.locks.request(this.#room, { signal }, lead).catch((error: unknown) => {
      if (!signal.aborted) this.#host.report(error)
    })
  }
  #flush(): void {
    this.#more = true
    if (!this.#reading) this.#send().catch(this.#host.report)
  }

  async #send(): Promise<void> {
    this.#reading = true
    try {
      while (this.#more && !this.#over && this.#leading && this.#leading === this.#sending) {
        this.#more = false
        if (!this.#host.line()) break
        const due = (await this.#shelf.first(windowSize)).filter(({ id }) => !this.#underWay.has(id))
        // Before it leaves: what is found here without the mark was never sent.
        const now = this.#host.now()
        await this.#shelf.tried(
          due.filter(({ triedAt }) => triedAt === undefined).map(({ id }) => id),
          now,
        )
        for (const kept of due) void this.#publish({ ...kept, triedAt: kept.triedAt ?? now })
      }
    } finally {
      this.#reading = false
    }
  }

  async #publish({ id, channel, event, data, options, triedAt }: Kept): Promise<void> {
    this.#underWay.add(id)
    const { sender, later } = this.#host
    let result: Published | Error
    try {
      result = await sender.publish(channel, event, data, {
        ...options,
        ...(triedAt !== undefined && { triedAt }),
      })
    } catch (error) {
      result = error instanceof Error ? error : new Error(String(error))
    }
    const stays = this.#over || (result instanceof ClientError && result.code !== 'unknown')
    if (!stays) await this.#shelf.remove(id)
    this.#underWay.delete(id)
    // The wire has ended, or has no room.
    if (stays) return void later(retryMs, () => this.#flush())
    if (this.#over) return
    this.#radio.postMessage({
      kind: 'settled',
      id,
      ...(result instanceof Error ? { error: result } : { answer: result }),
    } satisfies Word)
    if (result instanceof Error) this.#listeners.emit('unpublished', { channel, event, data, error: result })
    this.#settled(id, result)
    this.#flush()
  }

  #settled(id: number, result: Published | Error | undefined): void {
    if (result) this.#waiting.get(id)?.(result)
    this.#waiting.delete(id)
  }
}
