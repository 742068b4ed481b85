import type { Hub } from '../hub/hub.ts'
import type { Sink, Stepper } from '../hub/sink.ts'
import type { FramePage } from '../hub/pages.ts'
import type { ChannelCursor } from '../log/log.ts'

const pageEntries = 256
const comma = 0x2c

interface Found {
  readonly message: Uint8Array[]
  readonly gap: Uint8Array[]
  readonly snapshot: Uint8Array[]
}

const none: Found = { message: [], gap: [], snapshot: [] }

/** Gathers what a reader writes into one answer of a poll, up to a limit. A poll extends it: an object less for each. */
export abstract class PollSink implements Sink {
  readonly #hub: Hub
  readonly #limit: number
  /** Made when something is found: a poll that waits has found nothing. */
  #found: Found | undefined
  #bytes = 0

  constructor(hub: Hub, limit: number) {
    this.#hub = hub
    this.#limit = limit
  }

  /** The reader has written all that there is, or all that fits; `found`: it wrote something. */
  protected abstract settled(found: boolean): void
  /** The log cannot be read. */
  protected abstract failed(error: unknown): void

  get room(): number {
    return this.#limit - this.#bytes
  }

  write(bytes: Uint8Array, kind: 'message' | 'gap' | 'snapshot' | 'position'): void {
    if (kind === 'position') return
    this.#found ??= { message: [], gap: [], snapshot: [] }
    this.#found[kind].push(bytes)
    this.#bytes += bytes.length
    // A signal comes without a step.
    if (kind === 'message') this.settled(true)
  }

  ready(reader: Stepper): void {
    if (reader.step() !== 'reading') this.settled(this.#bytes > 0)
  }

  read(cursors: readonly ChannelCursor[], taken: (page: FramePage) => void): void {
    const limit = { entries: pageEntries, bytes: Math.max(this.room, 1) }
    this.#hub.pages.read(cursors, limit, taken, (error) => this.failed(error))
  }

  /** The body of the answer; `rest` are fields besides. */
  protected body(id: string, rest: object): Uint8Array {
    const { message, gap, snapshot } = this.#found ?? none
    return Buffer.concat([
      Buffer.from('{"messages":['),
      list(message),
      Buffer.from('],"gaps":['),
      list(gap),
      Buffer.from('],"snapshots":['),
      list(snapshot),
      Buffer.from(`],${JSON.stringify({ id, ...rest }).slice(1)}`),
    ])
  }
}

function list(elements: readonly Uint8Array[]): Uint8Array {
  const joined = Buffer.concat(elements)
  return joined.at(-1) === comma ? joined.subarray(0, -1) : joined
}
