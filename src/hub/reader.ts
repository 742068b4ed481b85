import type { FramePage } from './pages.ts'
import type { Trimmed } from '../log/log.ts'
import type { GapMessage, GapReason } from '../protocol/messages.ts'
import { formatPosition } from '../protocol/position.ts'
import type { WireFormat } from './format.ts'
import type { Frame } from './frame.ts'
import type { Run } from './run.ts'
import { nowhere, type Progress, type Sink, type Source, type Stepper } from './sink.ts'
import type { ChannelStart } from './start.ts'
import { memoryReaches } from './joint.ts'
import type { Listener, Topic } from './topic.ts'

interface Tracked {
  readonly topic: Topic
  /** Nothing at or before it is wanted; means something only while it lies ahead of the reader's position. */
  floor: number
  fresh: boolean
  snapshotThrough: number | undefined
  snapshotBegun: boolean
}

type PendingGap = { readonly tracked: Tracked } & NonNullable<ChannelStart['gap']>

/** Of nearly all readers. */
const noGaps: readonly PendingGap[] = []

/**
 * A cursor over a fixed set of channels with one position. It keeps the invariant of PROTOCOL.md 2.2: a position
 * that it writes states that everything before it, of every channel of the set, has been written, superseded or
 * covered by a gap. It holds no queue: when the sink is full it stands still, and later goes on from memory where
 * memory reaches back to it, from the log otherwise.
 */
export class Reader implements Listener, Stepper {
  readonly #hub: Source
  readonly #format: WireFormat
  #sink: Sink
  readonly #channels: readonly Tracked[]
  #pendingGaps = noGaps
  #at: number
  #reading = false
  #closed = false
  /** Channels that are inside a snapshot, or are to begin one. Counted: it is asked once per message per reader. */
  #snapshots = 0
  /** The sequence last told on the wire. */
  #told: number
  /** The topic of a reader of one channel that has begun and owes no snapshot: nothing else need be looked at. */
  #live: Topic | undefined

  constructor(
    hub: Source,
    starts: readonly ChannelStart[],
    topics: readonly Topic[],
    format: WireFormat,
    sink: Sink,
  ) {
    this.#hub = hub
    this.#format = format
    this.#sink = sink
    this.#at = Math.min(...starts.map((start) => start.after))
    this.#channels = starts.map((start, i) => {
      const topic = topics[i]
      if (!topic) throw new Error('a reader has one topic per channel')
      const { after: floor, fresh, snapshotBegun, snapshotThrough = snapshotBegun, gap } = start
      const begun = snapshotBegun !== undefined
      const tracked = { topic, floor, fresh, snapshotThrough, snapshotBegun: begun }
      if (gap) this.#pendingGaps = [...this.#pendingGaps, { tracked, ...gap }]
      if (snapshotThrough !== undefined) this.#snapshots++
      topic.readers.add(this)
      return tracked
    })
    this.#told = this.#at
  }

  get channels(): readonly string[] {
    return this.#channels.map(({ topic }) => topic.channel)
  }

  /** Whether everything up to the hub's `through` has been written. */
  get caughtUp(): boolean {
    return (
      !this.#reading && this.#pendingGaps.length === 0 && this.#snapshots === 0 && !this.#somethingToTake()
    )
  }

  /** The reader's position with its floors, as it stands on the wire. */
  positionText(): string {
    const seq = this.#at
    if (this.#snapshots === 0 && !this.#hasFloors()) return this.#hub.lineage.positionAt(seq)
    const floors = new Map<number, number>()
    const snapshots = new Map<number, number>()
    for (const [index, { floor, snapshotThrough, snapshotBegun }] of this.#channels.entries()) {
      if (floor > seq) floors.set(index, floor)
      if (snapshotBegun && snapshotThrough !== undefined) snapshots.set(index, snapshotThrough)
    }
    const epoch = this.#hub.lineage.current.name
    return formatPosition({ seq, epoch, floors, snapshots, shard: undefined })
  }

  /**
   * What `connected` and `subscribed` say: where the reader starts. Undefined while gaps are still to be told: the
   * position is not true before them, and the client that has one keeps its own.
   */
  startText(): string | undefined {
    return this.#pendingGaps.length > 0 ? undefined : this.positionText()
  }

  /** Tells the position if it has moved since it was last told (quiet streams advance). */
  tellPosition(): void {
    if (this.#sink.room <= 0 || this.advance() !== 'moved') return
    this.told()
    this.#sink.write(this.#format.position(this.positionText()), 'position')
  }

  /**
   * Moves over what does not concern it. `behind`: something is still to be written; `moved`: all is, and the wire has
   * not been told how far it reaches.
   */
  advance(): 'behind' | 'moved' | 'told' {
    if (this.#closed || !this.caughtUp) return 'behind'
    this.#moveTo(this.#hub.through)
    return this.#at === this.#told ? 'told' : 'moved'
  }

  /** The wire has been told of the reader's position. */
  told(): void {
    this.#told = this.#at
  }

  close(): void {
    this.#closed = true
    this.#live = undefined
    for (const { topic } of this.#channels) topic.readers.delete(this)
    // The topic's set may hold on to it until a full collection: then not to its socket too.
    this.#sink = nowhere
    this.#hub.release(this.#channels.map(({ topic }) => topic))
  }

  /** Writes what the sink has room for. Called when something was published, when the sink has drained, after a read. */
  step(): Progress {
    const live = this.#live
    // Where memory reaches back to it no page of the log is under way.
    if (live && live.floor <= this.#at) return this.#takeLive(live)
    if (this.#closed) return 'idle'
    if (this.#reading) return 'reading'
    if (this.#sink.room <= 0) return 'more'
    if (this.#pendingGaps.length > 0) this.#tellPendingGaps()
    if (this.#snapshots > 0) this.#beginSnapshots()
    if (!this.#memoryReaches()) {
      this.#readLog()
      return 'reading'
    }
    this.#arrived()
    const [only] = this.#channels
    if (!only || this.#channels.length > 1 || this.#snapshots > 0 || this.#at < only.floor)
      return this.#takeMany()
    this.#live = only.topic
    return this.#takeLive(only.topic)
  }

  /** Something new is there. */
  wake(): void {
    this.#sink.ready(this)
  }

  /** Offers a signal: dropped when the sink is full. */
  signal(frame: Frame): void {
    if (!this.#closed && this.#sink.room > 0) this.#sink.write(frame.bytes(this.#format), 'message')
  }

  // Hot path: a live subscription of one channel.
  #takeLive(topic: Topic): Progress {
    const { room } = this.#sink
    if (room <= 0) return 'more'
    const { through } = this.#hub
    const run = topic.between(this.#at, through)
    const { frames } = run
    const last = frames.at(-1)
    if (last) {
      const bytes = run.bytes(this.#format)
      if (bytes.length > room && frames.length > 1) return this.#writeEach(frames, through)
      this.#sink.write(bytes, 'message')
      this.#told = last.seq
    }
    this.#moveTo(through)
    return 'idle'
  }

  #takeMany(): Progress {
    const { through } = this.#hub
    const frames = this.#channels.flatMap(
      ({ topic, floor }) => topic.between(Math.max(this.#at, floor), through).frames,
    )
    frames.sort((a, b) => a.seq - b.seq)
    return this.#writeEach(frames, through)
  }

  #writeEach(frames: readonly Frame[], through: number): Progress {
    for (const frame of frames) {
      if (this.#sink.room <= 0) return 'more'
      this.#write(frame)
    }
    this.#moveTo(through)
    return 'idle'
  }

  #write(frame: Frame): void {
    const { messageAt } = this.#format
    this.#at = Math.max(this.#at, frame.seq)
    if (messageAt && (this.#hasFloors() || this.#snapshots > 0)) {
      this.#sink.write(messageAt.call(this.#format, frame, this.positionText()), 'message')
    } else {
      this.#sink.write(frame.bytes(this.#format), 'message')
    }
    this.#told = this.#at
    if (this.#snapshots > 0) this.#endSnapshots()
  }

  #readLog(): void {
    this.#reading = true
    const cursors = this.#channels.map((tracked) => ({
      channel: tracked.topic.channel,
      after: this.#after(tracked),
    }))
    this.#sink.read(cursors, (page) => {
      this.#reading = false
      if (this.#closed) return
      this.#take(page)
      this.#sink.ready(this)
    })
  }

  #take(page: FramePage): void {
    for (const trimmed of page.trimmed) {
      const tracked = this.#channels.find(({ topic }) => topic.channel === trimmed.channel)
      if (tracked && this.#lost(tracked, trimmed)) return
    }
    this.#arrived()
    if (!this.#takeWhole(page.run)) this.#takeEach(page.run)
    this.#moveTo(page.through)
  }

  /** Thousands that come back at once to the same place write one buffer. False when the run has to be looked into. */
  #takeWhole(run: Run): boolean {
    const [only] = this.#channels
    const [first] = run.frames
    const last = run.frames.at(-1)
    if (!only || !first || !last || this.#channels.length > 1 || this.#snapshots > 0) return false
    if (this.#at < only.floor || first.seq <= this.#at) return false
    this.#sink.write(run.bytes(this.#format), 'message')
    this.#told = last.seq
    return true
  }

  #takeEach(run: Run): void {
    for (const frame of run.frames) {
      const tracked = this.#channels.find(({ topic }) => topic.channel === frame.channel)
      if (tracked && frame.seq > this.#after(tracked)) this.#write(frame)
    }
  }

  /** From here on it has been here: what is trimmed later is a loss. */
  #arrived(): void {
    for (const tracked of this.#channels) tracked.fresh = false
  }

  /** Tells of what retention has removed. True when the page is void because the reader starts over. */
  #lost(tracked: Tracked, trimmed: Trimmed): boolean {
    const after = this.#after(tracked)
    if (after >= trimmed.through) return false
    const latest = this.#hub.keeps(tracked.topic.channel) === 'latest'
    // A snapshot under way only misses removals that came, and were forgotten, after it had begun.
    if (latest && tracked.snapshotThrough !== undefined && trimmed.through <= tracked.snapshotThrough)
      return false
    if (tracked.fresh) return false
    if (latest) {
      const asked = this.#hub.lineage.positionAt(after)
      this.#startOver(tracked)
      this.#writeGap(tracked, 'snapshot', asked, trimmed)
      return true
    }
    this.#raiseFloor(tracked, trimmed.through)
    this.#writeGap(tracked, 'expired', this.#hub.lineage.positionAt(after), trimmed)
    return false
  }

  /** The whole state of a `latest` channel once more: the position goes back for it, the others keep theirs as floors. */
  #startOver(tracked: Tracked): void {
    for (const other of this.#channels) other.floor = this.#after(other)
    this.#at = 0
    this.#live = undefined
    tracked.floor = 0
    tracked.fresh = true
    tracked.snapshotBegun = false
    if (tracked.snapshotThrough === undefined) this.#snapshots++
    tracked.snapshotThrough = this.#hub.through
  }

  #tellPendingGaps(): void {
    const gaps = this.#pendingGaps
    this.#pendingGaps = noGaps
    for (const gap of gaps) {
      // The position covers all of them: only the last may state it.
      this.#writeGap(gap.tracked, gap.reason, gap.after, gap, gap === gaps.at(-1))
    }
  }

  #writeGap(
    tracked: Tracked,
    reason: GapReason,
    after: string,
    kept: { readonly oldest: number | undefined; readonly head: number | undefined },
    stated = true,
  ): void {
    const { lineage } = this.#hub
    const gap: GapMessage = {
      type: 'gap',
      channel: tracked.topic.channel,
      after,
      ...(kept.oldest === undefined ? {} : { oldest: lineage.idOf(kept.oldest) }),
      ...(kept.head === undefined ? {} : { head: lineage.idOf(kept.head) }),
      reason,
      ...(stated ? { id: this.positionText() } : {}),
    }
    this.#sink.write(this.#format.gap(gap), 'gap')
  }

  #beginSnapshots(): void {
    for (const tracked of this.#channels) {
      if (tracked.snapshotThrough === undefined || tracked.snapshotBegun) continue
      tracked.snapshotBegun = true
      this.#sink.write(
        this.#format.snapshot({ type: 'snapshot', channel: tracked.topic.channel, phase: 'begin' }),
        'snapshot',
      )
    }
    this.#endSnapshots()
  }

  #endSnapshots(): void {
    for (const tracked of this.#channels) {
      if (!tracked.snapshotBegun || tracked.snapshotThrough === undefined) continue
      if (this.#at < tracked.snapshotThrough) continue
      tracked.snapshotThrough = undefined
      tracked.snapshotBegun = false
      this.#snapshots--
      this.#sink.write(
        this.#format.snapshot({
          type: 'snapshot',
          channel: tracked.topic.channel,
          phase: 'end',
          id: this.positionText(),
        }),
        'snapshot',
      )
    }
  }

  #moveTo(seq: number): void {
    if (seq > this.#at) this.#at = seq
    if (this.#snapshots > 0) this.#endSnapshots()
  }

  #raiseFloor(tracked: Tracked, floor: number): void {
    tracked.floor = Math.max(tracked.floor, floor)
    this.#at = Math.max(this.#at, Math.min(...this.#channels.map((each) => this.#after(each))))
  }

  #after(tracked: Tracked): number {
    return Math.max(this.#at, tracked.floor)
  }

  #hasFloors(): boolean {
    return this.#channels.some(({ floor }) => floor > this.#at)
  }

  #memoryReaches(): boolean {
    // The hub may be behind the log at which a snapshot was begun; the log itself can end it at once.
    if (
      this.#snapshots > 0 &&
      this.#channels.some(({ snapshotThrough = 0 }) => snapshotThrough > this.#hub.through)
    ) {
      return false
    }
    const [only] = this.#channels
    if (this.#channels.length === 1 && only) return only.topic.floor <= Math.max(this.#at, only.floor)
    return memoryReaches(
      this.#channels.map((each) => ({ floor: each.topic.floor, after: this.#after(each) })),
    )
  }

  #somethingToTake(): boolean {
    if (!this.#memoryReaches()) return true
    return this.#channels.some(
      (each) => each.topic.between(this.#after(each), this.#hub.through).frames.length > 0,
    )
  }
}
