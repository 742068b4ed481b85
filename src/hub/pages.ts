import type { ReadLimit, Trimmed } from '../log/log.ts'
import type { Frame } from './frame.ts'
import { Run } from './run.ts'

/** A page of the log as frames, so that whoever reads the same page shares their bytes. */
export interface FramePage {
  readonly run: Run
  readonly through: number
  readonly trimmed: readonly Trimmed[]
}

interface Kept extends FramePage {
  readonly channel: string
  readonly after: number
  readonly size: number
  /** The part that was taken last: those who come next mostly want the same, and then it is joined once for all. */
  part: Part | undefined
}

interface Part {
  readonly after: number
  readonly limit: ReadLimit
  readonly page: FramePage
}

/** Pages are looked through one by one: more of them would cost more than they save. */
const mostPages = 256

/**
 * The pages of single channels that were read last. When many readers come back at once, each some messages behind,
 * nearly all of them find what they want here: one read of the log, one encoding, for all. Only for channels that keep
 * everything: what is kept here may have been superseded since.
 */
export class Pages {
  readonly #byChannel = new Map<string, Kept[]>()
  readonly #oldestFirst = new Set<Kept>()
  readonly #limit: number
  #size = 0

  /** `limit`: bytes, roughly. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** `shared`: others may want it; a lone reader is done with the page before, and old pages are dear to collect. */
  keep(channel: string, after: number, page: FramePage, shared = true): void {
    if (!shared) for (const before of this.#byChannel.get(channel) ?? []) this.#drop(before)
    const { frames } = page.run
    // The data, its bytes on the wire, and those of a part once more, joined.
    const size = 3 * frames.reduce((sum, frame) => sum + frame.size, 0)
    if (frames.length === 0 || size > this.#limit) return
    const kept = { ...page, channel, after, size, part: undefined }
    const pages = this.#byChannel.get(channel)
    if (pages) pages.push(kept)
    else this.#byChannel.set(channel, [kept])
    this.#oldestFirst.add(kept)
    this.#size += size
    for (const oldest of this.#oldestFirst) {
      if (this.#size <= this.#limit && this.#oldestFirst.size <= mostPages) break
      this.#drop(oldest)
    }
  }

  /** What is known to follow `after`, as much of it as the limit allows; undefined when nothing is known. */
  find(channel: string, after: number, limit: ReadLimit): FramePage | undefined {
    const kept = this.#byChannel.get(channel)?.find((page) => page.after <= after && after < page.through)
    if (!kept) return undefined
    const last = kept.part
    if (last?.after === after && last.limit.bytes === limit.bytes && last.limit.entries === limit.entries) {
      return last.page
    }
    const page = part(kept, after, limit)
    kept.part = { after, limit, page }
    return page
  }

  #drop(page: Kept): void {
    this.#oldestFirst.delete(page)
    this.#size -= page.size
    const rest = this.#byChannel.get(page.channel)?.filter((each) => each !== page) ?? []
    if (rest.length > 0) this.#byChannel.set(page.channel, rest)
    else this.#byChannel.delete(page.channel)
  }
}

/** The part of a page that follows `after`, as much as the limit allows, and at least one message. */
export function part(page: FramePage, after: number, limit: ReadLimit): FramePage {
  const frames: Frame[] = []
  const trimmed = page.trimmed.filter(({ through }) => through > after)
  let bytes = 0
  for (const frame of page.run.frames) {
    if (frame.seq <= after) continue
    bytes += frame.data.length
    const last = frames.at(-1)
    if (last && (frames.length >= limit.entries || bytes > limit.bytes)) {
      return { run: new Run(frames), through: last.seq, trimmed }
    }
    frames.push(frame)
  }
  return { run: new Run(frames), through: page.through, trimmed }
}
