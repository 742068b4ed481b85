import { clearInterval, setInterval } from 'node:timers'
import { Lineage } from './lineage.ts'
import type { Appended, ChannelCursor, HistoryQuery, Log, NewEntry, ReadLimit, Rule, Watcher } from './log.ts'
import { logClosed } from './refusals.ts'
import { placeOf } from './sqlite/place.ts'
import { Publishes } from './sqlite/publishes.ts'
import { Remote } from './sqlite/remote.ts'
import { SqliteSpine } from './sqlite/spine.ts'
import { Turn } from './sqlite/turn.ts'
import type {
  Aged,
  AgesPage,
  ReaderData,
  ReaderRequest,
  WriterData,
  WriterReady,
  WriterRequest,
} from './sqlite/wire.ts'

/** So many channels are looked at in one slice of retention. */
const sliceChannels = 64

export interface SqliteLogOptions {
  /** A directory, or the file itself when the path has an ending. Made where it is missing. */
  readonly path: string
  /** What is kept of a channel. */
  readonly rules: (channel: string) => Rule
  /**
   * `always` (default): acknowledged means fsynced, and survives a power cut. `interval`: acknowledged means
   * written to the operating system; a power cut loses up to `syncMs`, and readers are told.
   */
  readonly sync?: 'always' | 'interval'
  /** `interval`: how often it is fsynced (default 1 second). */
  readonly syncMs?: number
  /** How long a publish key is remembered (default 24 hours). */
  readonly dedupeMs?: number
  /** How often retention by age is applied (default 1 minute). */
  readonly sweepMs?: number
  /** The file grows no larger (default: as far as the disk allows); what does not fit is refused. */
  readonly maxBytes?: number
  /** Told of what nobody waits for: a sweep of the log's own that failed. */
  readonly report?: (error: unknown) => void
  /** Told, once, when the log opens without proof that it has all that it had acknowledged. */
  readonly warn?: (message: string) => void
  readonly now?: () => number
}

/**
 * Opens a log in a file, durable as `sync` says. One process at a time: throws `store-unavailable` when another one
 * has it open, and when the file is damaged or of a newer version.
 */
export async function sqliteLog(options: SqliteLogOptions): Promise<Log> {
  const { path, rules, sync = 'always', syncMs = 1_000, dedupeMs = 86_400_000, maxBytes = Infinity } = options
  const { sweepMs = 60_000, now = Date.now, warn = (message) => process.emitWarning(message) } = options
  const { report = (error) => process.emitWarning(String(error)) } = options
  const file = placeOf(path)
  const turn = Turn.shared()
  const writing: WriterData = { file, sync, syncMs, dedupeMs, maxBytes, turn }
  const reading: ReaderData = { file }
  let answered = (): void => {}
  const [writer, reader] = await startBoth(writing, reading, () => answered())
  try {
    await reader.ask({ kind: 'open' })
    const log = new SqliteLog({
      writer: writer.remote,
      reader,
      ready: writer.ready,
      turn,
      rules,
      dedupeMs,
      now,
    })
    answered = () => log.answered()
    log.sweepEvery(sweepMs, report)
    const { unproved } = writer.ready
    if (unproved !== undefined) warn(warningOf(file, unproved))
    return log
  } catch (error) {
    await Promise.all([reader.ask({ kind: 'close' }), writer.remote.ask({ kind: 'close' })])
    throw error
  }
}

function warningOf(file: string, reason: string): string {
  return `the log ${file} cannot prove its end: ${reason}. Whoever comes back with a position from before is told so by a gap ("tail-unproved" for most) and loads its state anew; what was acknowledged last may be gone`
}

/** A thread takes a while to start: both at once. */
async function startBoth(writing: WriterData, reading: ReaderData, answered: () => void) {
  const [reader, writer] = await Promise.allSettled([
    Remote.start<ReaderRequest, undefined>('reader', reading),
    Remote.start<WriterRequest, WriterReady>('writer', writing, answered),
  ])
  if (reader.status === 'fulfilled' && writer.status === 'fulfilled') {
    return [writer.value, reader.value.remote] as const
  }
  if (reader.status === 'fulfilled') await reader.value.remote.ask({ kind: 'close' })
  if (writer.status === 'fulfilled') await writer.value.remote.ask({ kind: 'close' })
  throw writer.status === 'rejected'
    ? writer.reason
    : reader.status === 'rejected'
      ? reader.reason
      : undefined
}

interface Parts {
  readonly writer: Remote<WriterRequest>
  readonly reader: Remote<ReaderRequest>
  readonly ready: WriterReady
  readonly turn: SharedArrayBuffer
  readonly rules: (channel: string) => Rule
  readonly dedupeMs: number
  readonly now: () => number
}

class SqliteLog implements Log {
  readonly lineage: Lineage
  readonly dedupeMs: number
  readonly #writer: Remote<WriterRequest>
  readonly #reader: Remote<ReaderRequest>
  readonly #rules: (channel: string) => Rule
  readonly #now: () => number
  readonly #publishes: Publishes
  readonly #spine: SqliteSpine
  /** What the writer has told of. */
  #head: number
  /** What the reader has seen: it may see a commit before the writer has told of it. */
  #read = 0
  #sweeping: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor({ writer, reader, ready, turn, rules, dedupeMs, now }: Parts) {
    this.lineage = new Lineage(ready.epochs)
    this.dedupeMs = dedupeMs
    this.#writer = writer
    this.#reader = reader
    this.#rules = rules
    this.#now = now
    this.#head = ready.head
    this.#publishes = new Publishes(writer, rules, new Turn(turn))
    this.#spine = new SqliteSpine(async (after) => {
      const page = await reader.ask({ kind: 'spine', after })
      this.#saw(page.through)
      return page
    })
  }

  // Not `async`: its promise would wait two turns for the one that it answers with.
  append(entries: readonly NewEntry[]): Promise<readonly Appended[]> {
    try {
      this.#assertOpen()
      return this.#publishes.append(entries, this.#now())
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async read(cursors: readonly ChannelCursor[], limit: ReadLimit) {
    this.#assertOpen()
    const page = await this.#reader.ask({ kind: 'read', cursors, limit })
    this.#saw(page.through)
    return page
  }

  async history(query: HistoryQuery) {
    this.#assertOpen()
    const entries = await this.#reader.ask({ kind: 'history', query })
    for (const { seq } of entries) this.#saw(seq)
    return entries
  }

  async head(): Promise<number> {
    this.#assertOpen()
    return Math.max(this.#head, this.#read)
  }

  watch(after: number, watcher: Watcher): () => void {
    if (!this.#closing) return this.#spine.watch(after, this.#head, watcher)
    queueMicrotask(() => watcher.lost(logClosed()))
    return () => {}
  }

  async sweep(): Promise<void> {
    this.#assertOpen()
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined))
    return this.#sweeping
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The writer has answered a group: its step goes out first, then its publishers hear. */
  answered(): void {
    const { step, fulfil } = this.#publishes.take(this.#head)
    if (step) {
      this.#head = step.through
      this.#spine.committed(step)
    }
    for (const each of fulfil) each()
  }

  sweepEvery(ms: number, report: (error: unknown) => void): void {
    this.#timer = setInterval(() => void this.sweep().catch(report), ms)
    this.#timer.unref()
  }

  /** In slices, each a small transaction of its own, so that no publish waits long. */
  async #sweep(): Promise<void> {
    const now = this.#now()
    while (await this.#writer.ask({ kind: 'forget', now }));
    for (let next: number | undefined = 0; next !== undefined && !this.#closing;) {
      const page: AgesPage = await this.#reader.ask({ kind: 'ages', afterChannel: next })
      let left = this.#aged(page, now)
      while (left.length > 0 && !this.#closing) {
        const channels = left.slice(0, sliceChannels)
        left = left.slice(await this.#writer.ask({ kind: 'expire', now, channels }))
      }
      next = page.next
    }
  }

  #aged({ channels }: AgesPage, now: number): readonly Aged[] {
    const old = (time: number | undefined, ms: number) => time !== undefined && now - time > ms
    return channels.flatMap(({ channel, value, tombstone }) => {
      const rule = this.#rules(channel)
      return old(value, rule.ageMs) || old(tombstone, rule.tombstoneMs) ? [{ channel, rule }] : []
    })
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer)
    this.#spine.lost(logClosed())
    // The reader first: the writer's last checkpoint wants the file for itself. One that has failed is closed already.
    await Promise.allSettled([this.#reader.ask({ kind: 'close' })])
    await this.#writer.ask({ kind: 'close' })
  }

  #saw(seq: number): void {
    this.#read = Math.max(this.#read, seq)
  }

  #assertOpen(): void {
    if (this.#closing) throw logClosed()
  }
}
