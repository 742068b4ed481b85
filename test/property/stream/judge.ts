import { parsePosition, type Position } from '../../../src/protocol/position.ts'
import type { Line } from './format.ts'
import { keeps, type World } from './world.ts'

/** What one client knows of one channel, kept by the judge from what the client received. */
interface Ledger {
  /** Everything up to here was received, or told as a gap. */
  covered: number
  /** Of `latest`: the sequence of the value held per slot. */
  held: Map<string, number>
  /** A gap or a fresh start has been told since the log was lost. */
  told: boolean
  inSnapshot: boolean
}

/** Judges everything that a client receives by the truth. Throws at the first violation. */
export class Judge {
  readonly #world: World
  readonly #ledgers = new Map<string, Ledger>()
  /** Gaps of this connection that came without a position. */
  readonly #halfTold = new Set<Ledger>()

  constructor(world: World) {
    this.#world = world
  }

  /** The client subscribes, with a position of its own or without. */
  start(channel: string, resumed: boolean): void {
    const ledger = this.#ledger(channel)
    this.#halfTold.delete(ledger)
    if (!resumed) {
      ledger.covered = -1
      ledger.held.clear()
      ledger.told = true
    }
  }

  /** The log was lost: continuity must not be claimed before a gap was told. */
  logLost(): void {
    for (const [channel, ledger] of this.#ledgers) ledger.told = keeps(channel) === 'none'
  }

  position(channel: string, covered: number): void {
    const ledger = this.#ledger(channel)
    if (ledger.covered < 0) ledger.covered = covered
  }

  /** `list`: the channels of the stream that the line came on, in order; `stream`: ids are positions of all of them. */
  async take(line: Line, list: readonly string[], stream: boolean): Promise<void> {
    const { channel = '' } = line
    if (line.type === 'message' && line.own === undefined) {
      if (line.id !== undefined) throw new Error(`a signal carries the id ${line.id}`)
      return
    }
    if (line.type === 'gap') return this.#gap(line, list)
    if (line.type === 'snapshot') {
      const ledger = this.#ledger(channel)
      ledger.inSnapshot = line.phase === 'begin'
      if (line.phase === 'begin') {
        ledger.held.clear()
        ledger.covered = 0
      }
    }
    if (line.type === 'message') await this.#message(line)
    if (line.id === undefined) return
    const position = parsePosition(line.id)
    if (stream || line.type === 'position') {
      for (const [index, each] of list.entries()) await this.#proved(each, reach(position, index), line)
    } else await this.#proved(channel, position.seq, line)
  }

  /** At the end: everything has arrived. */
  async complete(channel: string): Promise<void> {
    const head = this.#world.truth.at(-1)?.seq ?? 0
    await this.#proved(channel, head, { type: 'position', id: `${head} (the end)` })
    if (this.#ledger(channel).inSnapshot) throw new Error(`${channel}: a snapshot never ended`)
  }

  async #message(line: Line): Promise<void> {
    const { channel = '', own = '' } = line
    const seq = parsePosition(own).seq
    const truth = this.#world.truth.find((each) => each.seq === seq)
    if (!truth || truth.channel !== channel || JSON.stringify(truth.payload) !== line.data) {
      throw new Error(`phantom: ${JSON.stringify(line)}, truth ${JSON.stringify(truth)}`)
    }
    const ledger = this.#ledger(channel)
    if (!ledger.told) throw new Error(`silent reset: ${channel} goes on with ${own} of another log`)
    if (keeps(channel) === 'latest') {
      if (truth.slot !== line.slot || truth.removed !== (line.removed ?? false))
        throw new Error('another slot')
      const before = ledger.held.get(truth.slot ?? '') ?? 0
      if (before >= seq) throw new Error(`${channel}: slot goes back from ${before} to ${seq}`)
      ledger.held.set(truth.slot ?? '', seq)
      return
    }
    if (seq <= ledger.covered) throw new Error(`${channel}: ${own} came again or out of order`)
    this.#noneMissing(channel, ledger, seq - 1, line)
    this.#previous(line, channel, seq)
    ledger.covered = seq
  }

  #previous(line: Line, channel: string, seq: number): void {
    const before = this.#world.truth.findLast((each) => each.channel === channel && each.seq < seq)?.seq ?? 0
    const said = line.previous === '0' ? 0 : parsePosition(line.previous ?? '').seq
    if (said !== before) throw new Error(`${channel}: previous of ${seq} is ${said}, should be ${before}`)
  }

  async #gap(line: Line, list: readonly string[]): Promise<void> {
    const { channel = '', id, reason } = line
    const ledger = this.#ledger(channel)
    if (reason === 'other-log') {
      if (ledger.told) throw new Error(`${channel}: a gap without a loss`)
      this.#halfTold.add(ledger)
    }
    // Without an id it counts only once the gap that follows has come.
    if (id === undefined) return
    const position = parsePosition(id)
    for (const [i, each] of list.entries()) {
      const other = this.#ledger(each)
      if (this.#halfTold.delete(other)) {
        Object.assign(other, { covered: reach(position, i), told: true, held: new Map() })
        const kept = await this.#world.kept(each)
        if (this.#between(each, 0, other.covered).some((seq) => kept.has(seq)))
          throw new Error(`${each}: skipped to ${id}`)
      }
      // After a `connected` without an id this is the first to say where new channels start.
      this.position(each, reach(position, i))
      if (each !== channel) await this.#proved(each, reach(position, i), line)
    }
    const to = reach(position, list.indexOf(channel))
    if (reason === 'other-log') return
    if (!ledger.told) throw new Error(`${channel}: the reason for the lost log is ${reason}`)
    if (reason === 'snapshot') {
      // Judged by what follows: the whole snapshot.
      ledger.covered = 0
      return
    }
    const missing = this.#between(channel, ledger.covered, to)
    const kept = await this.#world.kept(channel)
    if (missing.length === 0) throw new Error(`${channel}: a gap up to ${to} with nothing missing`)
    if (missing.some((seq) => kept.has(seq))) throw new Error(`${channel}: a gap over what is still kept`)
    ledger.covered = to
  }

  /** The invariant: everything of the channel up to `seq` was written, superseded, or covered by a gap. */
  async #proved(channel: string, seq: number, line: Line): Promise<void> {
    const ledger = this.#ledger(channel)
    if (!ledger.told) {
      // Only the connected event comes before the gap.
      if (line.type !== 'connected') throw new Error(`silent reset: ${channel} at ${line.id}`)
      return
    }
    if (keeps(channel) === 'all') {
      this.#noneMissing(channel, ledger, seq, line)
      ledger.covered = Math.max(ledger.covered, seq)
    } else if (keeps(channel) === 'latest') this.#state(channel, ledger, seq, line)
  }

  #noneMissing(channel: string, ledger: Ledger, through: number, line: Line): void {
    const missing = this.#between(channel, ledger.covered, through)
    if (missing.length === 0) return
    throw new Error(`lost: ${channel} ${missing.join(' ')} before ${JSON.stringify(line)}`)
  }

  #state(channel: string, ledger: Ledger, through: number, line: Line): void {
    const newest = new Map<string, { seq: number; removed: boolean }>()
    for (const each of this.#world.truth) {
      if (each.channel === channel) newest.set(each.slot ?? '', { seq: each.seq, removed: each.removed })
    }
    for (const [slot, { seq, removed }] of newest) {
      if (seq > through) continue
      const held = ledger.held.get(slot)
      if (removed ? held !== undefined && held !== seq : held !== seq) {
        throw new Error(
          `${channel}: slot ${slot} holds ${held}, newest is ${seq}, at ${JSON.stringify(line)}`,
        )
      }
    }
  }

  #between(channel: string, after: number, through: number): number[] {
    return this.#world.truth
      .filter((each) => each.channel === channel && each.seq > after && each.seq <= through)
      .map(({ seq }) => seq)
  }

  #ledger(channel: string): Ledger {
    let ledger = this.#ledgers.get(channel)
    if (!ledger) {
      ledger = { covered: -1, held: new Map(), told: true, inSnapshot: false }
      this.#ledgers.set(channel, ledger)
    }
    return ledger
  }
}

/** How far a position reaches for the channel with this index. */
export function reach(position: Position, index: number): number {
  return Math.max(position.seq, position.floors.get(index) ?? 0)
}
