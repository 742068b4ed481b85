import type { ChannelMessage, GapMessage } from '../../../src/protocol/messages.ts'

export const epoch = 'simulated00'
export const dedupeMs = 60_000

export interface Entry {
  readonly seq: number
  readonly channel: string
  readonly data: unknown
  readonly previous: number
}

/** A log that numbers all channels with one sequence, remembers keys for a while, and may trim. */
export class SimServer {
  readonly log: Entry[] = []
  readonly trimmed = new Map<string, number>()
  readonly #keys = new Map<string, { readonly seq: number; readonly at: number; readonly text: string }>()
  readonly #newest = new Map<string, number>()
  readonly watchers = new Set<() => void>()
  #head = 0

  get head(): number {
    return this.#head
  }

  publish(
    now: number,
    { channel, data, key }: { channel: string; data: unknown; key?: string | undefined },
  ): { id: string; duplicate: boolean } {
    const scope = key === undefined ? undefined : `${channel.length}:${channel}${key}`
    const text = JSON.stringify(data)
    const known = scope === undefined ? undefined : this.#keys.get(scope)
    if (known && now - known.at < dedupeMs) {
      if (known.text !== text) throw new Error('a key was used again for other data')
      return { id: `${known.seq}-${epoch}`, duplicate: true }
    }
    const seq = ++this.#head
    this.log.push({ seq, channel, data, previous: this.#newest.get(channel) ?? 0 })
    this.#newest.set(channel, seq)
    if (scope !== undefined) this.#keys.set(scope, { seq, at: now, text })
    for (const wake of this.watchers) wake()
    return { id: `${seq}-${epoch}`, duplicate: false }
  }

  /** Retention takes all but the newest `keep` of a channel. */
  trim(channel: string, keep: number): void {
    const entries = this.log.filter((entry) => entry.channel === channel)
    const last = entries.at(-1 - keep)
    if (last) this.trimmed.set(channel, Math.max(last.seq, this.trimmed.get(channel) ?? 0))
  }

  /** What is kept of the channels beyond their places, in order, and a gap for each that has lost something. */
  read(places: ReadonlyMap<string, number>): { gaps: GapMessage[]; entries: Entry[] } {
    const gaps: GapMessage[] = []
    for (const [channel, place] of places) {
      const trimmed = this.trimmed.get(channel) ?? 0
      if (trimmed <= place) continue
      gaps.push({
        type: 'gap',
        channel,
        after: `${place}-${epoch}`,
        reason: 'expired',
        id: `${trimmed}-${epoch}`,
      })
    }
    const entries = this.log.filter(({ channel, seq }) => {
      const place = places.get(channel)
      return place !== undefined && seq > place && seq > (this.trimmed.get(channel) ?? 0)
    })
    return { gaps, entries }
  }
}

export function messageOf({ channel, seq, data, previous }: Entry): ChannelMessage {
  return {
    type: 'message',
    channel,
    id: `${seq}-${epoch}`,
    event: 'e',
    data,
    time: 0,
    previous: previous === 0 ? '0' : `${previous}-${epoch}`,
  }
}
