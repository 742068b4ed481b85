import { parsePosition } from '../../../src/protocol/position.ts'
import type { Acknowledged, Delivered, Kept, Level, Seen, Sent, Tried } from './history.ts'
import type { Place, Verdict } from './verdict.ts'

export interface Epoch {
  /** The log that it belongs to: a memory log ends with its process, a file goes on. */
  readonly log: number
  /** Epochs are numbered as they come. */
  readonly order: number
  /** It may begin without proof that the tail before it is whole: an fsync had failed. */
  readonly doubted: boolean
}

export interface Witness {
  readonly name: string
  readonly level: Level
  readonly channels: readonly string[]
  readonly seen: Iterable<Seen>
}

export interface Evidence {
  readonly epochs: ReadonlyMap<string, Epoch>
  /** Everything that was sent, answered or not, and the answers. */
  readonly sent: Iterable<Sent>
  readonly readers: readonly Witness[]
  /** What the channels hold at the end. */
  readonly kept: Iterable<Kept>
  readonly lastLog: number
  /** What retention keeps of `short/*`. */
  readonly shortCount: number
}

/** An entry of a log, by all that is known. */
export interface True {
  readonly seq: number
  readonly who: string
  readonly channel: string
  readonly slot: string
  readonly removed: boolean
}

export interface Spot {
  readonly seq: number
  readonly log: number
  /** The epoch's. */
  readonly order: number
  readonly floors: ReadonlyMap<number, number>
}

const none: readonly True[] = []

/** What really was in the logs, from what was acknowledged, seen and kept. Holds as much as was published. */
export class Truth {
  readonly tried = new Map<string, Tried>()
  readonly acknowledged: Acknowledged[] = []
  /** By channel: publishes of which nobody knows whether they took effect. */
  readonly unknown = new Map<string, number>()
  readonly #evidence: Evidence
  readonly #verdict: Verdict
  readonly #entries = new Map<number, Map<number, True>>()
  readonly #lists = new Map<string, True[]>()
  readonly #newest = new Map<string, ReadonlyMap<string, True>>()
  /** Parsing is most of the work, and the same positions come again and again. */
  readonly #spots = new Map<string, Spot>()

  constructor(evidence: Evidence, verdict: Verdict) {
    this.#evidence = evidence
    this.#verdict = verdict
    const answered = new Set<string>()
    for (const each of evidence.sent) {
      if (each.type === 'tried') this.tried.set(each.who, each)
      else if (each.type === 'wronged') verdict.add(each.violation, 'wire', each.what)
      else this.acknowledged.push(each)
    }
    for (const { name, level, seen } of evidence.readers) {
      for (const each of seen) {
        if (each.type !== 'message') continue
        if (this.#judgeAuthor(name, level, each) && each.id !== undefined) this.#know(name, level, each)
        answered.add(each.who)
      }
    }
    for (const each of evidence.kept) {
      if (this.#judgeAuthor('the log', 'log', each)) this.#know('the log', 'log', each)
      answered.add(each.who)
    }
    for (const { who, id } of this.acknowledged) {
      answered.add(who)
      const tried = this.tried.get(who)
      if (tried && id !== undefined) this.#know('its answer', 'log', { ...tried, id })
    }
    for (const { who, channel } of this.tried.values())
      if (!answered.has(who)) this.unknown.set(channel, (this.unknown.get(channel) ?? 0) + 1)
    this.#sort()
  }

  /** Where a position is, without regard to floors. */
  spot(id: string): Spot {
    const known = this.#spots.get(id)
    if (known) return known
    const { seq, epoch, floors } = parsePosition(id)
    const { log, order } = this.#evidence.epochs.get(epoch) ?? { log: -1, order: -1 }
    const spot = { seq, log, order, floors }
    if (this.#spots.size > 10_000) this.#spots.clear()
    this.#spots.set(id, spot)
    return spot
  }

  /** Whether an epoch after this one may have begun without proof of the tail before it. */
  doubtedSince(order: number): boolean {
    for (const each of this.#evidence.epochs.values()) if (each.doubted && each.order > order) return true
    return false
  }

  at(log: number, seq: number): True | undefined {
    return this.#entries.get(log)?.get(seq)
  }

  /** The entries of a channel with a sequence in (after, through]. */
  between(log: number, channel: string, after: number, through: number): readonly True[] {
    const list = this.#lists.get(`${log} ${channel}`)
    if (!list) return none
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((list[middle]?.seq ?? Infinity) <= after) low = middle + 1
      else high = middle
    }
    let end = low
    while (end < list.length && (list[end]?.seq ?? Infinity) <= through) end++
    return end === low ? none : list.slice(low, end)
  }

  /** The last of each slot. */
  newest(log: number, channel: string): ReadonlyMap<string, True> {
    return this.#newest.get(`${log} ${channel}`) ?? new Map()
  }

  /** Whether every sequence in (after, through] is known: a publish without an answer may stand where none is. */
  knowsAll(log: number, after: number, through: number): boolean {
    for (let seq = after + 1; seq <= through; seq++) if (!this.at(log, seq)) return false
    return true
  }

  #judgeAuthor(name: string, place: Place, { id, channel, who, removed }: Delivered | Kept): boolean {
    if (removed && who === '') return true
    if (who.startsWith('!')) {
      this.#verdict.add('corrupt', place, `${name} ${channel} ${id}: ${who.slice(1)}`)
      return false
    }
    const tried = this.tried.get(who)
    if (tried?.channel === channel) return true
    const where = tried ? `, published to ${tried.channel}` : ''
    this.#verdict.add('phantom', place, `${name} ${channel} ${id}: ${who}${where}`)
    return false
  }

  #know(source: string, place: Place, { id = '', channel, who, slot, removed }: Delivered | Kept): void {
    const { log, seq } = this.spot(id)
    const entries = this.#entries.get(log) ?? new Map<number, True>()
    this.#entries.set(log, entries)
    const known = entries.get(seq)
    if (!known) {
      entries.set(seq, { seq, who, channel, slot, removed })
      return
    }
    const same = who === '' || known.who === '' || known.who === who
    if (!same || known.channel !== channel || known.slot !== slot || known.removed !== removed) {
      const kind = source === 'its answer' ? 'foreign dedupe' : 'disagreement'
      this.#verdict.add(kind, place, `${id}: ${told(known)}; ${source} has ${told({ who, channel, slot })}`)
    } else if (known.who === '' && who !== '') entries.set(seq, { ...known, who })
  }

  #sort(): void {
    for (const [log, entries] of this.#entries) {
      for (const entry of entries.values()) {
        const name = `${log} ${entry.channel}`
        const list = this.#lists.get(name)
        if (list) list.push(entry)
        else this.#lists.set(name, [entry])
      }
    }
    for (const [name, list] of this.#lists) {
      list.sort((a, b) => a.seq - b.seq)
      this.#newest.set(name, new Map(list.map((each) => [each.slot, each])))
    }
  }
}

function told({ who, channel, slot }: Pick<True, 'who' | 'channel' | 'slot'>): string {
  return `${who || 'a removal'} in ${channel}${slot === '' ? '' : ` ${slot}`}`
}
