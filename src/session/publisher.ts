import type { Hub } from '../hub/hub.ts'
import type { Keep } from '../hub/start.ts'
import type { Appended, NewEntry } from '../log/log.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Publication, PublishAnswer } from '../protocol/messages.ts'
import type { Border } from './border.ts'
import type { Limits } from './limits.ts'

/** Publications that have passed the border. */
export interface Prepared {
  readonly entries: readonly NewEntry[]
  /** Whether a log keeps them; signals are none of its business. */
  readonly kept: boolean
}

/** Takes publications over the border and into the log, whoever they come from. */
export class Publisher {
  readonly #hub: Hub
  readonly #border: Border
  readonly #limits: Limits
  readonly #now: () => number

  constructor(hub: Hub, border: Border, limits: Limits, now: () => number) {
    this.#hub = hub
    this.#border = border
    this.#limits = limits
    this.#now = now
  }

  /**
   * All of the batch or none, in order. `principal` is the scope of the keys; `batchKey` stands for the key of
   * every entry i as `batchKey#i`, or of a lone one as it is. The rights have been checked. Throws `too-many-entries`,
   * `too-large`, `bad-payload`, `key-reused`, `store-unavailable`.
   */
  publish(
    principal: string,
    publications: readonly Publication[],
    batchKey?: string,
  ): readonly PublishAnswer[] | Promise<readonly PublishAnswer[]> {
    const prepared = this.prepare(principal, publications, batchKey)
    return prepared instanceof Promise
      ? prepared.then((settled) => this.commit(settled))
      : this.commit(prepared)
  }

  /**
   * All that `publish` does before the log is asked, for those who must keep several publishes in order. A lone publication
   * is answered at once where the border answers at once: a promise costs as much as the rest of it.
   */
  prepare(
    principal: string,
    publications: readonly Publication[],
    batchKey?: string,
  ): Prepared | Promise<Prepared> {
    if (publications.length > this.#limits.batch) {
      throw new EverwireError(
        'too-many-entries',
        `${publications.length} entries in a batch; at most ${this.#limits.batch}: send several batches`,
      )
    }
    const [only] = publications
    if (only && publications.length === 1) {
      const keep = this.#hub.keeps(only.channel)
      const kept = keep !== 'none'
      const entry = this.#entry(principal, only, keep, batchKey)
      return entry instanceof Promise
        ? entry.then((checked) => ({ entries: [checked], kept }))
        : { entries: [entry], kept }
    }
    return this.#batch(principal, publications, batchKey)
  }

  /**
   * The log takes them in the order of these calls, which need not wait for each other's answers. A log that answers at
   * once is answered for at once.
   */
  commit({ entries, kept }: Prepared): readonly PublishAnswer[] | Promise<readonly PublishAnswer[]> {
    if (!kept) return entries.map((entry) => this.#signal(entry))
    const appended = this.#hub.append(entries)
    return appended instanceof Promise
      ? appended.then((settled) => this.#answers(settled))
      : this.#answers(appended)
  }

  #answers(appended: readonly Appended[]): readonly PublishAnswer[] {
    return appended.map(({ seq, duplicate }) => ({ id: this.#hub.lineage.idOf(seq), duplicate }))
  }

  async #batch(
    principal: string,
    publications: readonly Publication[],
    batchKey: string | undefined,
  ): Promise<Prepared> {
    const keeps = publications.map(({ channel }) => this.#hub.keeps(channel))
    const kinds = new Set(keeps.map((keep) => keep === 'none'))
    if (kinds.size > 1) {
      throw new EverwireError(
        'bad-message',
        'a batch holds stored messages or signals, not both: send two batches',
      )
    }
    const entries = await Promise.all(
      publications.map(async (publication, i) =>
        this.#entry(principal, publication, keeps[i] ?? 'all', keyOf(batchKey, i)),
      ),
    )
    return { entries, kept: !kinds.has(true) }
  }

  #entry(
    principal: string,
    publication: Publication,
    keep: Keep,
    batchKey: string | undefined,
  ): NewEntry | Promise<NewEntry> {
    const { channel, event = 'message', removed = false, data } = publication
    // Bytes, too: otherwise they would be the way around a contract.
    const checked = removed ? data : this.#border.publication(channel, event, data)
    return checked instanceof Promise
      ? checked.then((settled) => this.#checked(principal, publication, settled, keep, batchKey))
      : this.#checked(principal, publication, checked, keep, batchKey)
  }

  #checked(
    principal: string,
    publication: Publication,
    checked: unknown,
    keep: Keep,
    batchKey: string | undefined,
  ): NewEntry {
    const { channel, event = 'message', removed = false } = publication
    const data = checked instanceof Uint8Array ? checked : JSON.stringify(checked)
    if (data === undefined)
      throw new EverwireError('bad-message', '"data" is not JSON: a function or undefined')
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    if (bytes > this.#limits.messageBytes) {
      throw new EverwireError(
        'too-large',
        `the data has ${bytes} bytes; at most ${this.#limits.messageBytes}: send a reference to it instead`,
      )
    }
    const key = publication.key ?? batchKey
    const latest = keep === 'latest'
    if (removed && !latest) {
      throw new EverwireError(
        'bad-message',
        '"removed" goes with a channel that keeps the latest of each slot',
      )
    }
    return {
      channel,
      event,
      data,
      slot: latest ? (publication.slot ?? '') : undefined,
      removed: latest ? removed : undefined,
      key: key === undefined ? undefined : { principal, key },
    }
  }

  #signal(entry: NewEntry): PublishAnswer {
    const { channel, event, data } = entry
    const time = this.#now()
    this.#hub.signal({ channel, event, data, time, previous: undefined, slot: undefined, removed: false })
    return { duplicate: false }
  }
}

function keyOf(batchKey: string | undefined, index: number): string | undefined {
  return batchKey === undefined ? batchKey : `${batchKey}#${index}`
}
