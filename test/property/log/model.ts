import type { Appended, ChannelCursor, Data, NewEntry, ReadLimit, Rule } from '../../../src/log/log.ts'

/** One entry as the model knows it, for ever. */
export interface Kept {
  readonly seq: number
  readonly channel: string
  readonly event: string
  readonly data: Data
  readonly time: number
  readonly previous: number | undefined
  readonly slot: string | undefined
  readonly removed: boolean
  state: 'kept' | 'superseded' | 'trimmed'
}

/** A log so simple that it can be believed: one list, gone through from the beginning for every question. */
export class ModelLog {
  readonly records: Kept[] = []
  #keys: { readonly scope: string; readonly payload: string; readonly appended: Appended }[] = []
  readonly #rules: (channel: string) => Rule
  readonly #dedupeMs: number

  constructor(rules: (channel: string) => Rule, dedupeMs: number) {
    this.#rules = rules
    this.#dedupeMs = dedupeMs
  }

  get head(): number {
    return this.records.length
  }

  append(entries: readonly NewEntry[], now: number): readonly Appended[] | 'key-reused' {
    const keysBefore = [...this.#keys]
    const decided: { readonly entry: NewEntry; readonly appended: Appended }[] = []
    let seq = this.head
    for (const entry of entries) {
      const scope = JSON.stringify([entry.channel, entry.key])
      const known = this.#keys.findLast(
        (key) => entry.key && key.scope === scope && now - key.appended.time < this.#dedupeMs,
      )
      const payload = this.#payload(entry)
      if (known && known.payload !== payload) {
        this.#keys = keysBefore
        return 'key-reused'
      }
      const appended = known
        ? { ...known.appended, duplicate: true }
        : { seq: ++seq, duplicate: false, time: now }
      if (!known) this.#keys.push({ scope, payload, appended })
      decided.push({ entry, appended })
    }
    for (const { entry, appended } of decided) if (!appended.duplicate) this.#add(entry, appended)
    return decided.map(({ appended }) => appended)
  }

  sweep(now: number): void {
    for (const channel of new Set(this.records.map((record) => record.channel))) {
      const { ageMs, tombstoneMs } = this.#rules(channel)
      for (const removed of [true, false]) {
        for (const record of this.kept(channel).filter((each) => each.removed === removed)) {
          // What came after one that is young enough is younger.
          if (now - record.time <= (removed ? tombstoneMs : ageMs)) break
          record.state = 'trimmed'
        }
      }
    }
  }

  kept(channel: string): readonly Kept[] {
    return this.records.filter((record) => record.channel === channel && record.state === 'kept')
  }

  trimmedThrough(channel: string): number {
    return (
      this.records.findLast((record) => record.channel === channel && record.state === 'trimmed')?.seq ?? 0
    )
  }

  read(cursors: readonly ChannelCursor[], limit: ReadLimit) {
    const all = cursors
      .flatMap(({ channel, after }) => this.kept(channel).filter(({ seq }) => seq > after))
      .sort((a, b) => a.seq - b.seq)
    let bytes = 0
    const end = all.findIndex(({ data }, i) => {
      bytes += data.length
      return i > 0 && (i >= limit.entries || bytes > limit.bytes)
    })
    const trimmed = cursors
      .filter(({ channel, after }) => this.trimmedThrough(channel) > after)
      .map(({ channel }) => ({
        channel,
        through: this.trimmedThrough(channel),
        oldest: this.kept(channel)[0]?.seq,
        head: this.kept(channel).at(-1)?.seq,
      }))
    const entries = end < 0 ? all : all.slice(0, end)
    return { entries, next: end < 0 ? undefined : all[end], trimmed }
  }

  #payload({ channel, event, data, slot, removed }: NewEntry): string {
    const latest = this.#rules(channel).keep === 'latest'
    return JSON.stringify([event, data, latest && (slot ?? ''), latest && (removed ?? false)])
  }

  #add(entry: NewEntry, { seq, time }: Appended): void {
    const { channel, event, data } = entry
    const rule = this.#rules(channel)
    const latest = rule.keep === 'latest'
    const slot = latest ? (entry.slot ?? '') : undefined
    const before = this.records.findLast((record) => record.channel === channel)
    if (latest) for (const record of this.kept(channel)) if (record.slot === slot) record.state = 'superseded'
    this.records.push({
      seq,
      channel,
      event,
      data,
      time,
      previous: latest ? undefined : (before?.seq ?? 0),
      slot,
      removed: latest && (entry.removed ?? false),
      state: 'kept',
    })
    this.#trim(channel, rule, seq)
  }

  #trim(channel: string, { count, bytes }: Rule, newest: number): void {
    const oldest = (removed: boolean) =>
      this.kept(channel).find((record) => record.removed === removed && record.seq !== newest)
    const held = (removed: boolean) =>
      this.kept(channel).filter((record) => record.removed === removed).length
    const trim = (record: Kept | undefined) => {
      if (record) record.state = 'trimmed'
      return record !== undefined
    }
    while (held(true) > count && trim(oldest(true)));
    while (held(false) > count && trim(oldest(false)));
    const size = () => this.kept(channel).reduce((sum, { data }) => sum + data.length, 0)
    while (size() > bytes && (trim(oldest(true)) || trim(oldest(false))));
  }
}
