import { parsePosition } from '../../../src/protocol/position.ts'
import { isWhole, shortCount } from './world.ts'

/** What a reader has seen, in order. `at` is the reach of a position for the channel: `seq-epoch`. */
export type Seen =
  /** It begins here: what lies at or before is not wanted. */
  | { readonly type: 'begin'; readonly channel: string; readonly at: string }
  | {
      readonly type: 'message'
      readonly channel: string
      readonly id: string | undefined
      readonly data: unknown
      readonly slot?: string | undefined
      readonly removed?: boolean | undefined
    }
  | {
      readonly type: 'gap'
      readonly channel: string
      readonly reason: string
      readonly at: string | undefined
      readonly oldest?: string | undefined
    }
  | { readonly type: 'snapshot'; readonly channel: string; readonly phase: 'begin' | 'end' }
  /** The wire states that everything up to here has been written. */
  | { readonly type: 'proved'; readonly channel: string; readonly at: string }

export interface Tried {
  readonly channel: string
  readonly slot: string
  readonly removed: boolean
}

/** An acknowledged publish. */
export interface Acknowledged {
  readonly by: string
  readonly n: number
  readonly id: string
}

export interface Evidence {
  /** The log that an epoch belongs to: a memory log ends with its process, a file goes on. */
  readonly logOf: (epoch: string) => number
  readonly acknowledged: readonly Acknowledged[]
  /** Everything that was sent, answered or not, by `by:n`. */
  readonly tried: ReadonlyMap<string, Tried>
  readonly readers: readonly { readonly name: string; readonly seen: readonly Seen[] }[]
  /** The whole of the channels that keep everything, as the log has it at the end. */
  readonly log: readonly { readonly channel: string; readonly id: string; readonly data: unknown }[]
  readonly lastLog: number
}

interface Place {
  readonly log: number
  readonly seq: number
}

interface True {
  readonly seq: number
  readonly slot: string
  readonly removed: boolean
}

interface Ledger {
  log: number
  covered: number
  readonly held: Map<string, number>
  inSnapshot: boolean
  /** A gap that came without a position waits for the one behind it. */
  half: boolean
  /** The whole state begins: of whatever log. */
  anew: boolean
}

/** Judges a whole run by what was published, acknowledged and seen. Answers what was violated, by kind. */
export function judge(evidence: Evidence): string[] {
  return new Court(evidence).verdict()
}

class Court {
  readonly #evidence: Evidence
  readonly #found: string[] = []
  /** By log and sequence: who published it. */
  readonly #entries = new Map<string, string>()
  /** By log and channel, in sequence order. */
  readonly #truth = new Map<string, True[]>()
  /** By log and channel: the last of each slot. */
  readonly #newest = new Map<string, ReadonlyMap<string, True>>()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
  }

  verdict(): string[] {
    this.#gatherTruth()
    this.#judgeLog()
    for (const { name, seen } of this.#evidence.readers) this.#judgeReader(name, seen)
    return this.#found
  }

  #gatherTruth(): void {
    const { acknowledged, readers, log } = this.#evidence
    const entries = new Map<string, True & { readonly channel: string }>()
    const know = (
      source: string,
      channel: string,
      id: string,
      who: string,
      slot: string,
      removed: boolean,
    ) => {
      const place = this.#place(id)
      const key = `${place.log}:${place.seq}`
      const known = this.#entries.get(key)
      if (known !== undefined && known !== who && !removed)
        this.#violated('disagreement', `${id}: ${known}, ${source} has ${who}`)
      if (known === undefined || !removed) this.#entries.set(key, who)
      entries.set(key, { channel, seq: place.seq, slot, removed })
    }
    for (const { name, seen } of readers) {
      for (const each of seen) {
        if (each.type !== 'message' || each.id === undefined) continue
        const { channel, id, slot = '', removed = false } = each
        // A removal has no data, and so no author.
        const who = removed ? 'a removal' : this.#author(name, channel, each.data)
        if (who !== undefined) know(name, channel, id, who, slot, removed)
      }
    }
    for (const { channel, id, data } of log) {
      const who = this.#author('log', channel, data)
      if (who !== undefined) know('log', channel, id, who, '', false)
    }
    for (const { by, n, id } of acknowledged) {
      const tried = this.#evidence.tried.get(`${by}:${n}`)
      if (tried) know('acknowledged', tried.channel, id, `${by}:${n}`, tried.slot, tried.removed)
    }
    for (const [key, { channel, ...entry }] of entries) {
      const list = `${key.split(':', 1)[0]} ${channel}`
      const known = this.#truth.get(list)
      if (known) known.push(entry)
      else this.#truth.set(list, [entry])
    }
    for (const [name, list] of this.#truth) {
      list.sort((a, b) => a.seq - b.seq)
      this.#newest.set(name, new Map(list.map((each) => [each.slot, each])))
    }
  }

  #author(name: string, channel: string, data: unknown): string | undefined {
    if (!isWhole(data)) {
      this.#violated('corrupt', `${name}: ${JSON.stringify(data).slice(0, 100)}`)
      return undefined
    }
    const who = `${data.by}:${data.n}`
    if (this.#evidence.tried.get(who)?.channel !== channel)
      this.#violated('phantom', `${name}: ${who} in ${channel}`)
    return who
  }

  /** Everything acknowledged is there, once, and each publisher's in its order. */
  #judgeLog(): void {
    const { log, acknowledged, tried, lastLog } = this.#evidence
    const where = new Map<string, number>()
    const latest = new Map<string, number>()
    for (const { channel, id, data } of log) {
      if (!isWhole(data)) continue
      const { seq } = this.#place(id)
      const who = `${data.by}:${data.n}`
      if (where.has(who)) this.#violated('twice in the log', `${who} at ${where.get(who)} and ${id}`)
      where.set(who, seq)
      const order = `${data.by} ${channel}`
      if (data.n < (latest.get(order) ?? -1)) this.#violated('published out of order', `${who} at ${id}`)
      latest.set(order, data.n)
    }
    for (const { by, n, id } of acknowledged) {
      const place = this.#place(id)
      const channel = tried.get(`${by}:${n}`)?.channel ?? ''
      if (!channel.startsWith('all/') || place.log !== lastLog) continue
      if (where.get(`${by}:${n}`) !== place.seq)
        this.#violated('acknowledged but absent', `${by}:${n} at ${id}`)
    }
  }

  #judgeReader(name: string, seen: readonly Seen[]): void {
    const ledgers = new Map<string, Ledger>()
    for (const each of seen) {
      const violated = (kind: string, what: string) =>
        this.#violated(kind, `${name} ${each.channel}: ${what}`)
      if (each.type === 'begin') {
        const { log, seq } = this.#place(each.at)
        ledgers.set(each.channel, {
          log,
          covered: seq,
          held: new Map(),
          inSnapshot: false,
          half: false,
          anew: false,
        })
        continue
      }
      if (each.channel.startsWith('none/')) {
        if (each.type === 'message' && each.id !== undefined) violated('id of a signal', each.id)
        continue
      }
      const ledger = ledgers.get(each.channel)
      if (!ledger) violated('before its beginning', each.type)
      else if (each.type === 'message') this.#message(ledger, each, violated)
      else if (each.type === 'gap') this.#gap(ledger, each, violated)
      else if (each.type === 'proved') this.#proved(ledger, each.channel, each.at, violated)
      else if (each.phase === 'end') ledger.inSnapshot = false
      else {
        ledger.inSnapshot = ledger.anew = true
        ledger.held.clear()
      }
    }
    for (const [channel, ledger] of ledgers) {
      if (channel.startsWith('none/')) continue
      const violated = (kind: string, what: string) => this.#violated(kind, `${name} ${channel}: ${what}`)
      if (ledger.log !== this.#evidence.lastLog) violated('stall', `still in log ${ledger.log}`)
      else if (ledger.inSnapshot) violated('stall', 'in a snapshot')
      else this.#complete(ledger, channel, Infinity, violated)
    }
  }

  #message(
    ledger: Ledger,
    { channel, id = '', slot = '' }: Seen & { type: 'message' },
    violated: Violated,
  ): void {
    const { log, seq } = this.#place(id)
    if (ledger.half || (ledger.anew && log !== ledger.log)) {
      Object.assign(ledger, { log, covered: seq - 1, held: new Map(), half: false })
    }
    ledger.anew = false
    if (log !== ledger.log) return violated('silent reset', `${id} of another log`)
    if (channel.startsWith('latest/')) {
      const held = ledger.held.get(slot) ?? 0
      if (held >= seq) violated('goes back', `slot ${slot} from ${held} to ${id}`)
      ledger.held.set(slot, seq)
      return
    }
    if (seq <= ledger.covered) violated('doubled or reordered', `${id} after ${ledger.covered}`)
    this.#complete(ledger, channel, seq - 1, violated)
    ledger.covered = seq
  }

  #gap(ledger: Ledger, { channel, reason, at, oldest }: Seen & { type: 'gap' }, violated: Violated): void {
    if (reason === 'other-log') {
      ledger.half = true
      if (at !== undefined) this.#proved(ledger, channel, at, violated)
      return
    }
    if (at === undefined) return violated('gap without a position', reason)
    // The first position since the log was lost.
    if (ledger.half) return this.#proved(ledger, channel, at, violated)
    const { seq } = this.#place(at)
    if (reason !== 'expired' || !channel.startsWith('short/'))
      return violated('false gap', `${reason} at ${at}`)
    const missing = this.#between(ledger.log, channel, ledger.covered, seq)
    if (missing.length === 0) violated('false gap', `${reason} at ${at}, nothing is missing`)
    const first = oldest === undefined ? Infinity : this.#place(oldest).seq
    const newer = this.#between(ledger.log, channel, missing.at(-1)?.seq ?? 0, Infinity).length
    if ((missing.at(-1)?.seq ?? 0) >= first || newer < shortCount)
      violated('false gap', `${at} covers what is kept`)
    ledger.covered = Math.max(ledger.covered, seq)
  }

  #proved(ledger: Ledger, channel: string, at: string, violated: Violated): void {
    const { log, seq } = this.#place(at)
    if (ledger.half) {
      ledger.half = false
      if (log === ledger.log) violated('false gap', `other-log at ${at}`)
      Object.assign(ledger, { log, covered: seq, held: new Map() })
      return
    }
    if (ledger.anew) Object.assign(ledger, { log, covered: seq, anew: false })
    if (log !== ledger.log) return violated('silent reset', `position ${at} of another log`)
    this.#complete(ledger, channel, seq, violated)
    ledger.covered = Math.max(ledger.covered, seq)
  }

  /** Everything of the channel up to `through` has come, or was superseded. */
  #complete(ledger: Ledger, channel: string, through: number, violated: Violated): void {
    if (!channel.startsWith('latest/')) {
      const missing = this.#between(ledger.log, channel, ledger.covered, through)
      if (missing.length > 0) {
        const ids = missing.map(({ seq }) => `${seq} ${this.#entries.get(`${ledger.log}:${seq}`)}`)
        violated(through === Infinity ? 'stall' : 'lost', `${ids.slice(0, 5).join(', ')} before ${through}`)
      }
      return
    }
    if (ledger.inSnapshot) return
    for (const [slot, { seq, removed }] of this.#newest.get(`${ledger.log} ${channel}`) ?? []) {
      const held = ledger.held.get(slot)
      if (seq > through || held === seq || (removed && held === undefined)) continue
      violated('lost', `slot ${slot} holds ${held}, newest is ${seq}, at ${through}`)
    }
  }

  #between(log: number, channel: string, after: number, through: number): readonly True[] {
    const list = this.#truth.get(`${log} ${channel}`) ?? []
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((list[middle]?.seq ?? Infinity) <= after) low = middle + 1
      else high = middle
    }
    if (through === Infinity) return list.slice(low)
    const found: True[] = []
    for (let i = low; (list[i]?.seq ?? Infinity) <= through; i++) found.push(list[i] as True)
    return found
  }

  #place(id: string): Place {
    const { seq, epoch } = parsePosition(id)
    return { seq, log: this.#evidence.logOf(epoch) }
  }

  #violated(kind: string, what: string): void {
    if (this.#found.length < 50) this.#found.push(`${kind}: ${what}`)
  }
}

type Violated = (kind: string, what: string) => void
