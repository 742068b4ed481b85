import type { TransportName } from '../../../src/client/transports/transport.ts'
import { parsePosition } from '../../../src/protocol/position.ts'
import { authorOf, Chronicle, type Level, type Seen } from './history.ts'
import type { Tally } from './tally.ts'

/** Reads for as long as it may, through every drop, and writes down what it sees. */
export interface Reader {
  readonly name: string
  readonly level: Level
  readonly channels: readonly string[]
  readonly seen: Chronicle<Seen>
  /** How far it has come in a channel: `seq-epoch`. */
  reached(channel: string): string | undefined
  /** For whoever has to find out why it stalls. */
  readonly condition: string
  close(): void
}

/** What all readers of a run share. */
export interface Setting {
  readonly url: string
  readonly folder: string
  readonly tally: Tally
  readonly random: () => number
}

/** A message of the protocol, in any of its forms. */
export type Wired = Readonly<Record<string, unknown>> & { readonly id?: string; readonly channel?: string }

/** What bare clients share: a list of channels, and what they write down of each message of the protocol. */
export abstract class Bare implements Reader {
  readonly name: string
  readonly level = 'wire'
  readonly seen: Chronicle<Seen>
  readonly channels: readonly string[]
  protected readonly setting: Setting
  protected over = false
  /** When it heard something last, of a connection that has ended. */
  #lostAt: number | undefined
  #heardAt = performance.now()
  readonly #reached = new Map<string, string>()
  readonly #begun = new Set<string>()

  constructor(name: string, setting: Setting, channels: readonly string[]) {
    this.name = name
    this.setting = setting
    this.channels = channels
    this.seen = new Chronicle(setting.folder, name)
  }

  get condition(): string {
    return `${this.name} (${this.channels.map((each) => `${each} ${this.reached(each)}`).join(', ')})`
  }

  reached(channel: string): string | undefined {
    return this.#reached.get(channel)
  }

  close(): void {
    this.over = true
  }

  protected heard(): void {
    this.#heardAt = performance.now()
  }

  protected lost(): void {
    this.#lostAt ??= this.#heardAt
  }

  /** The server has spoken on a connection; `resumed`: it went on from where the last one had come to. */
  protected connected(transport: TransportName, resumed: boolean | undefined): void {
    if (this.#lostAt !== undefined)
      this.setting.tally.back(transport, 'wire', performance.now() - this.#lostAt)
    this.#lostAt = undefined
    if (resumed !== undefined) this.resumption(resumed)
  }

  protected resumption(granted: boolean): void {
    if (granted) this.setting.tally.resumed++
    else this.setting.tally.notResumed++
  }

  protected begin(channel: string, at: string): void {
    if (this.#begun.has(channel)) return
    this.#begun.add(channel)
    this.seen.add({ type: 'begin', channel, at })
  }

  /** `at`: the position of the whole list that came with it. */
  protected message({ channel = '', id, data, slot, removed }: Wired, at?: string): void {
    const { tally } = this.setting
    if (id === undefined) tally.signals++
    else tally.deliveries++
    const given = { slot: typeof slot === 'string' ? slot : '', removed: removed === true }
    this.seen.add({ type: 'message', channel, id, who: authorOf(data, given.removed), ...given, at })
    if (id !== undefined) this.#reached.set(channel, id)
    if (at !== undefined) this.#reach(at)
  }

  protected gap({ channel = '', reason, oldest }: Wired, at: string | undefined, list: boolean): void {
    this.setting.tally.count(this.setting.tally.gaps, String(reason))
    this.seen.add({ type: 'gap', channel, reason: String(reason), at, oldest: oldest as string, list })
    if (at === undefined) return
    if (list) this.#reach(at)
    else this.#reached.set(channel, at)
  }

  protected snapshot({ channel = '', phase }: Wired): void {
    this.seen.add({ type: 'snapshot', channel, phase: phase === 'end' ? 'end' : 'begin' })
  }

  protected proved(channel: string, at: string): void {
    this.begin(channel, at)
    this.seen.add({ type: 'proved', channel, at })
    this.#reached.set(channel, at)
  }

  /** A position of the whole list. */
  protected listed(at: string): void {
    for (const channel of this.channels) this.begin(channel, this.reachOf(at, channel))
    this.seen.add({ type: 'listed', at })
    this.#reach(at)
  }

  /** What a position of the whole list says of one channel. */
  protected reachOf(at: string, channel: string): string {
    const { seq, epoch, floors } = parsePosition(at)
    return `${Math.max(seq, floors.get(this.channels.indexOf(channel)) ?? 0)}-${epoch}`
  }

  #reach(at: string): void {
    for (const channel of this.channels) this.#reached.set(channel, this.reachOf(at, channel))
  }
}
