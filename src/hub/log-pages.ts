import type { ChannelCursor, Log, ReadLimit } from '../log/log.ts'
import type { Gate } from './gate.ts'
import { Frame } from './frame.ts'
import { Pages, part, type FramePage } from './pages.ts'
import { Run } from './run.ts'
import type { Keep } from './start.ts'

/** Pages that several readers share are read whole, however little room the first of them has. */
const sharedPage = { entries: 256, bytes: 64 * 1024 }
const sharedPagesBytes = 16 * 1024 * 1024
/** Pages of the log under way at once: 64 MiB of them at most at 64 KiB a page. */
const maxReads = 1_024

/** The log as pages for readers, each read once for all that stand at the same place. */
export class LogPages {
  readonly #log: Log
  readonly #keep: (channel: string) => Keep
  readonly #shared: (channel: string) => boolean
  readonly #gate: Gate
  #reads = 0
  readonly #pages = new Pages(sharedPagesBytes)
  readonly #sharedReads = new Map<string, Promise<FramePage>>()
  readonly #waitingReads: (() => void)[] = []

  /** `shared`: whether a channel has several readers. */
  constructor(log: Log, keep: (channel: string) => Keep, shared: (channel: string) => boolean, gate: Gate) {
    this.#log = log
    this.#keep = keep
    this.#shared = shared
    this.#gate = gate
  }

  /**
   * Reads the log, or takes what was read for others a moment ago. Hands the page to `taken`, now or later; `failed` is told
   * when it cannot be read, or not be taken.
   */
  read(
    cursors: readonly ChannelCursor[],
    limit: ReadLimit,
    taken: (page: FramePage) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#gate.admit(() => {
      const [only] = cursors
      if (cursors.length !== 1 || !only || this.#keep(only.channel) !== 'all') {
        this.#readLog(cursors, limit).then(taken).catch(failed)
        return
      }
      const { channel, after } = only
      const known = this.#pages.find(channel, after, limit)
      if (known) handOver(known, taken, failed)
      else this.#readShared(channel, after, limit).then(taken).catch(failed)
    })
  }

  // Readers that come back at once often stand at the same place.
  async #readShared(channel: string, after: number, limit: ReadLimit): Promise<FramePage> {
    const place = `${after} ${channel}`
    let reading = this.#sharedReads.get(place)
    if (!reading) {
      reading = this.#readLog([{ channel, after }], sharedPage).finally(() => this.#sharedReads.delete(place))
      this.#sharedReads.set(place, reading)
      reading.then(
        (whole) => this.#pages.keep(channel, after, whole, this.#shared(channel)),
        () => {},
      )
    }
    const whole = await reading
    return this.#pages.find(channel, after, limit) ?? part(whole, after, limit)
  }

  /** Waits its turn while this node has too many pages under way. */
  async #readLog(cursors: readonly ChannelCursor[], limit: ReadLimit): Promise<FramePage> {
    if (this.#reads >= maxReads) await new Promise<void>((resolve) => this.#waitingReads.push(resolve))
    else this.#reads++
    try {
      const { entries, through, trimmed } = await this.#log.read(cursors, limit)
      return { run: new Run(entries.map((entry) => new Frame(entry, this.#log.lineage))), through, trimmed }
    } finally {
      const next = this.#waitingReads.shift()
      if (next) next()
      else this.#reads--
    }
  }
}

function handOver(page: FramePage, taken: (page: FramePage) => void, failed: (error: unknown) => void): void {
  try {
    taken(page)
  } catch (error) {
    failed(error)
  }
}
