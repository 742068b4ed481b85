import type { Delivered, Seen } from './history.ts'
import type { True, Truth } from './truth.ts'
import type { Violation } from './verdict.ts'

type Found = (violation: Violation, what: string) => void

/** What was passed over and may still come late: as many are remembered. */
const missed = 1_000

/** How far one reader has come in one channel, by what it was told, and whether that is true. */
export class Ledger {
  readonly channel: string
  readonly #truth: Truth
  readonly #shortCount: number
  readonly #found: Found
  readonly #latest: boolean
  #log: number
  /** Everything up to it was seen, superseded or covered by a gap. */
  #covered: number
  /** The position last told: it never goes back. */
  #told = -1
  /** Of the position that it would hand back. */
  #epoch: number
  /** `latest`: what each slot holds. */
  #held = new Map<string, number>()
  #inSnapshot = false
  /** The log was another; where this one begins is still to be told. */
  #half = false
  /** The whole state begins, of whatever log. */
  #anew = false
  /** The next that comes may lie beyond what is no more kept. */
  #loose = false
  readonly #missed = new Set<number>()

  constructor(channel: string, at: string, truth: Truth, shortCount: number, found: Found) {
    const { log, seq, order } = truth.spot(at)
    this.channel = channel
    this.#truth = truth
    this.#shortCount = shortCount
    this.#found = found
    this.#latest = channel.startsWith('latest/')
    this.#log = log
    this.#covered = seq
    this.#epoch = order
  }

  message({ id = '', slot }: Delivered): void {
    const { log, seq, order } = this.#truth.spot(id)
    if (this.#half || (this.#anew && log !== this.#log)) this.#begin(log, seq - 1)
    this.#anew = false
    if (log !== this.#log) {
      this.#found('silent reset', `${id} of another log`)
      this.#begin(log, seq - 1)
    }
    this.#epoch = order
    if (this.#latest) {
      const held = this.#held.get(slot) ?? -1
      if (held === seq) this.#found('duplicate', `slot ${slot} ${id}`)
      else if (held > seq) this.#found('reorder', `slot ${slot} from ${held} to ${id}`)
      this.#held.set(slot, seq)
      return
    }
    if (seq <= this.#covered) {
      this.#found(this.#missed.delete(seq) ? 'reorder' : 'duplicate', `${id} after ${this.#covered}`)
      return
    }
    this.#complete(seq - 1, 'gap')
    this.#covered = seq
  }

  snapshot(phase: 'begin' | 'end'): void {
    this.#inSnapshot = phase === 'begin'
    if (phase === 'end') return
    this.#anew = true
    this.#told = -1
    this.#held = new Map()
  }

  /** It was told that everything up to here was written. `index`: its own in the list of which floors speak, or -1. */
  proved(at: string, index: number, unless: 'skip' | 'lie'): void {
    const { log, seq: own, order, floors } = this.#truth.spot(at)
    const seq = Math.max(own, floors.get(index) ?? 0)
    if (this.#half) {
      if (log === this.#log) this.#found('false loss', `other-log at ${at}`)
      this.#begin(log, seq)
      return
    }
    if (this.#anew && log !== this.#log) this.#begin(log, seq)
    this.#anew = false
    if (log !== this.#log) {
      this.#found('silent reset', `position ${at} of another log`)
      this.#begin(log, seq)
      return
    }
    if (seq < this.#told) this.#found('id that goes back', `from ${this.#told} to ${at}`)
    this.#told = seq
    this.#epoch = order
    this.#complete(seq, unless)
    this.#covered = Math.max(this.#covered, seq)
  }

  gap({ reason, at, oldest }: Seen & { type: 'gap' }, index: number): void {
    const { channel } = this
    // The whole state follows, from wherever it begins.
    if (this.#latest) this.#told = -1
    if (reason === 'other-log') {
      this.#half = true
      if (at !== undefined) this.proved(at, index, 'lie')
      return
    }
    if (reason === 'tail-unproved') {
      const doubted = this.#truth.doubtedSince(this.#epoch)
      if (!doubted) this.#found('false loss', `tail-unproved at ${at}, no fsync had failed`)
      // What retention has removed meanwhile is part of it.
      this.#loose = channel.startsWith('short/')
      if (at !== undefined) this.proved(at, index, 'lie')
      return
    }
    if (at === undefined) return this.#found('false loss', `${reason}, without a position`)
    // The first position since the log was lost.
    if (this.#half) return this.proved(at, index, 'lie')
    const { seq: own, floors } = this.#truth.spot(at)
    const seq = Math.max(own, floors.get(index) ?? 0)
    if (reason === 'snapshot' && this.#latest) {
      const removed = this.#truth.between(this.#log, channel, this.#covered, Infinity).some((e) => e.removed)
      if (!removed)
        this.#found('false loss', `${reason} at ${at}, nothing was removed after ${this.#covered}`)
      return
    }
    if (reason !== 'expired' || !channel.startsWith('short/'))
      return this.#found('false loss', `${reason} at ${at}`)
    this.#expired(seq, at, oldest)
  }

  #expired(seq: number, at: string, oldest: string | undefined): void {
    const { channel } = this
    const missing = this.#truth.between(this.#log, channel, this.#covered, seq)
    const unknown = this.#truth.unknown.get(channel) ?? 0
    const known = unknown === 0 || this.#truth.knowsAll(this.#log, this.#covered, seq)
    if (missing.length === 0 && known) this.#found('false loss', `expired at ${at}, nothing is missing`)
    const first = oldest === undefined ? Infinity : this.#truth.spot(oldest).seq
    const last = missing.at(-1)?.seq ?? this.#covered
    const newer = this.#truth.between(this.#log, channel, last, Infinity).length
    if (missing.length > 0 && (last >= first || newer + unknown < this.#shortCount))
      this.#found('false loss', `${at} covers what is kept`)
    this.#covered = Math.max(this.#covered, seq)
    this.#told = Math.max(this.#told, seq)
  }

  /** After everything has healed. */
  end(lastLog: number): void {
    if (this.#log !== lastLog) this.#found('stall', `still in log ${this.#log}`)
    else if (this.#inSnapshot) this.#found('stall', 'in a snapshot')
    else this.#complete(Infinity, 'stall')
  }

  #begin(log: number, covered: number): void {
    this.#log = log
    this.#covered = covered
    this.#told = -1
    this.#held = new Map()
    this.#half = false
    this.#missed.clear()
  }

  /** Everything of the channel up to `through` has come, or was superseded. */
  #complete(through: number, unless: Violation): void {
    if (this.#latest) return this.#completeSlots(through, unless)
    const loose = this.#loose
    this.#loose = false
    if (through <= this.#covered || loose) return
    const missing = this.#truth.between(this.#log, this.channel, this.#covered, through)
    if (missing.length === 0) return
    for (const { seq } of missing.slice(0, missed)) {
      if (this.#missed.size >= missed) this.#missed.clear()
      this.#missed.add(seq)
    }
    const named = missing.slice(0, 5).map(({ seq, who }) => `${seq} ${who}`)
    this.#found(unless, `${missing.length} missing (${named.join(', ')}) before ${through}`)
  }

  #completeSlots(through: number, unless: Violation): void {
    if (this.#inSnapshot) return
    for (const [slot, { seq, removed }] of this.#truth.newest(this.#log, this.channel)) {
      const held = this.#held.get(slot)
      if (seq > through || held === seq || (removed && held === undefined)) continue
      this.#found(held === undefined ? unless : 'ghost slot', this.#slot(slot, { seq, removed }, through))
      // Once is enough.
      this.#held.set(slot, seq)
    }
  }

  #slot(slot: string, { seq, removed }: Pick<True, 'seq' | 'removed'>, through: number): string {
    const newest = removed ? `was removed at ${seq}` : `is ${seq}`
    return `slot ${slot} holds ${this.#held.get(slot)}, ${newest}, at ${through}`
  }
}
