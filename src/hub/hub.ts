import type { Appended, Entry, Log, NewEntry, SpineStep } from '../log/log.ts'
import type { Lineage } from '../log/lineage.ts'
import type { Start } from '../protocol/messages.ts'
import type { WireFormat } from './format.ts'
import { Frame } from './frame.ts'
import { Gate } from './gate.ts'
import { LogPages } from './log-pages.ts'
import { Reader } from './reader.ts'
import type { Sink, Source } from './sink.ts'
import { allKnown, resolveStart, type ChannelStart, type Keep } from './start.ts'
import { defaultMemory, MemoryBudget, Topic, type Listener, type MemoryLimits } from './topic.ts'

/** What of its surroundings the hub uses; a test gives its own. */
export interface Surroundings {
  /** Runs once the turn's other work is done (default: setImmediate). */
  readonly defer: (run: () => void) => void
  /** Lets what was written so far leave; absent: it leaves at the end of the turn. */
  readonly leave?: () => void
  /** Runs later; returns its own cancel. */
  readonly later: (ms: number, run: () => void) => () => void
  /** Told of what nobody waits for. */
  readonly report: (error: unknown) => void
}

/**
 * How many readers may begin, and be handed a page of the log, in one turn of the event loop. While 10,000 came back at
 * once, those who had stayed waited for 0.31 s at most, and 1.2 s without.
 */
const defaultAdmission: Admission = { starts: 64, pages: 128 }
/** So many readers of one busy channel take what is new, and it leaves, before the next ones do. */
const together = 32
const rewatchMs = 100

const none: readonly Frame[] = []

function nothing(): void {}

interface Admission {
  readonly starts: number
  readonly pages: number
}

/**
 * The channels of this node: follows the log's spine, keeps each wanted channel's newest frames, and lets readers
 * take from them once per turn of the event loop.
 */
export class Hub implements Source {
  readonly log: Log
  /** Every append up to here has reached the topics. */
  through = 0
  readonly #keep: (channel: string) => Keep
  readonly #around: Surroundings
  readonly #topics = new Map<string, Topic>()
  readonly #budget: MemoryBudget
  readonly #dirty = new Set<Topic>()
  #flushing = false
  #stop: () => void = () => {}
  #cancelRewatch: () => void = () => {}
  #closed = false
  readonly #starting: Gate
  /** The log, for readers. */
  readonly pages: LogPages

  private constructor(
    log: Log,
    keep: (channel: string) => Keep,
    around: Surroundings,
    memory: MemoryLimits,
    admission: Admission,
  ) {
    this.log = log
    this.#keep = keep
    this.#around = around
    this.#budget = new MemoryBudget(memory)
    const flush = () => this.#flush()
    this.#starting = new Gate(admission.starts, around.defer, flush)
    const shared = (channel: string) => (this.#topics.get(channel)?.readers.size ?? 0) > 1
    this.pages = new LogPages(log, keep, shared, new Gate(admission.pages, around.defer, flush))
  }

  /** Starts at the log's head. */
  static async open(
    log: Log,
    keep: (channel: string) => Keep,
    around: Surroundings,
    memory = defaultMemory,
    admission = defaultAdmission,
  ): Promise<Hub> {
    const hub = new Hub(log, keep, around, memory, admission)
    hub.through = await log.head()
    hub.#watch()
    return hub
  }

  get lineage(): Lineage {
    return this.log.lineage
  }

  /** Channels that have a reader on this node. */
  get topics(): number {
    return this.#topics.size
  }

  keeps(channel: string): Keep {
    return this.#keep(channel)
  }

  append(entries: readonly NewEntry[]): readonly Appended[] | Promise<readonly Appended[]> {
    return this.log.append(entries)
  }

  /** The log's position: whoever subscribes after it gets everything appended later. */
  async position(): Promise<string> {
    return this.lineage.positionAt(await this.log.head())
  }

  /**
   * Where the channels of one stream start, all of them seeing the same "now": at once where neither the log nor the gate
   * keeps them waiting. Throws, or rejects with, `bad-position`.
   */
  starts(
    channels: readonly string[],
    asked: readonly Start[],
  ): readonly ChannelStart[] | Promise<readonly ChannelStart[]> {
    const head = this.log.head()
    if (typeof head === 'number' && this.#starting.enters()) return this.#resolved(channels, asked, head)
    return this.#startsInTurn(channels, asked, head)
  }

  async #startsInTurn(
    channels: readonly string[],
    asked: readonly Start[],
    head: number | Promise<number>,
  ): Promise<readonly ChannelStart[]> {
    const now = await head
    await new Promise<void>((resolve) => this.#starting.admit(resolve))
    return this.#resolved(channels, asked, now)
  }

  #resolved(
    channels: readonly string[],
    asked: readonly Start[],
    head: number,
  ): readonly ChannelStart[] | Promise<readonly ChannelStart[]> {
    const starts = channels.map((channel, i) =>
      resolveStart(this.log, this.#keep(channel), channel, i, asked[i] ?? {}, head),
    )
    return allKnown(starts)
  }

  /** A reader over these channels. It does nothing until `step` is called. */
  subscribe(starts: readonly ChannelStart[], format: WireFormat, sink: Sink): Reader {
    const topics = starts.map(({ channel }) => this.#topic(channel))
    return new Reader(this, starts, topics, format, sink)
  }

  /** Offers a `keep: 'none'` message to whoever is listening right now. */
  signal(message: Omit<Entry, 'seq'>): void {
    const topic = this.#topics.get(message.channel)
    if (!topic) return
    const signals = (topic.signals ??= [])
    // Bounded: a turn that signals more than this loses the oldest, as a signal may.
    if (signals.length >= 256) signals.shift()
    signals.push(new Frame({ ...message, seq: 0 }, this.lineage))
    this.#touch(topic)
  }

  /** Gives back the topics of a reader that has gone. */
  release(topics: readonly Topic[]): void {
    for (const topic of topics) {
      if (topic.readers.size > 0 || this.#topics.get(topic.channel) !== topic) continue
      topic.clear()
      this.#topics.delete(topic.channel)
      this.#dirty.delete(topic)
    }
  }

  /** Heals a lost wake-up: one read of the spine when the log is ahead of it. Call it now and then. */
  async heal(): Promise<void> {
    if (this.#closed || (await this.log.head()) <= this.through) return
    this.#watch()
  }

  close(): void {
    this.#closed = true
    this.#stop()
    this.#cancelRewatch()
  }

  #topic(channel: string): Topic {
    let topic = this.#topics.get(channel)
    if (!topic) this.#topics.set(channel, (topic = new Topic(channel, this.through, this.#budget)))
    return topic
  }

  #watch(): void {
    this.#stop()
    this.#cancelRewatch()
    if (this.#closed) return
    this.#stop = this.log.watch(this.through, {
      step: (step) => this.#step(step),
      lost: (error) => {
        this.#around.report(error)
        this.#cancelRewatch = this.#around.later(rewatchMs, () => this.#watch())
      },
    })
  }

  #step(step: SpineStep): void {
    if (step.after > this.through) {
      // A hole in the spine proves nothing: read it again from where it was whole.
      this.#watch()
      return
    }
    for (const append of step.appends) {
      if (append.seq <= this.through) continue
      const topic = this.#topics.get(append.channel)
      if (!topic) continue
      if (append.entry) topic.push(new Frame(append.entry, this.lineage))
      else topic.skip(append.seq)
      this.#touch(topic)
    }
    this.through = Math.max(this.through, step.through)
  }

  // Nothing is written while publishing: one flush a turn, so whatever comes in one turn leaves in one write.
  #touch(topic: Topic): void {
    this.#dirty.add(topic)
    if (this.#flushing) return
    this.#flushing = true
    this.#around.defer(() => this.#flush())
  }

  // Hot path.
  #flush(): void {
    this.#flushing = false
    if (this.#dirty.size === 0) return
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    // A reader of several channels writes what they bring together.
    const { leave = nothing } = dirty.length === 1 ? this.#around : {}
    for (const topic of dirty) {
      const { signals = none } = topic
      topic.signals = undefined
      let taken = 0
      for (const reader of topic.readers) {
        this.#advance(reader, signals)
        if (++taken % together === 0) leave()
      }
    }
  }

  // One link that fails must not keep the others waiting.
  #advance(reader: Listener, signals: readonly Frame[]): void {
    try {
      reader.wake()
      for (const signal of signals) reader.signal(signal)
    } catch (error) {
      this.#around.report(error)
    }
  }
}
