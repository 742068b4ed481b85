import type { Entry, Log } from '../log/log.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { GapReason, Start } from '../protocol/messages.ts'
import { parsePosition } from '../protocol/position.ts'

/** Where a channel of a reader starts. */
export interface ChannelStart {
  readonly channel: string
  /** The reader wants what has a greater sequence. */
  readonly after: number
  /** `keep: 'latest'`: it has not been here before, so that what retention has removed is no loss to it. */
  readonly fresh: boolean
  /** `keep: 'latest'`: it gets the whole state first, between marks, up to this sequence. */
  readonly snapshotThrough?: number
  /** It resumes inside a snapshot that was begun when the log's head was this. */
  readonly snapshotBegun?: number
  /** Continuity could not be proved: told before anything else. `after` is what the reader asked for. */
  readonly gap?: {
    readonly reason: GapReason
    readonly after: string
    readonly oldest: number | undefined
    readonly head: number | undefined
  }
}

/** All of them; at once where none has to be waited for. */
export function allKnown(
  starts: readonly (ChannelStart | Promise<ChannelStart>)[],
): readonly ChannelStart[] | Promise<readonly ChannelStart[]> {
  const known = starts.filter((start): start is ChannelStart => !(start instanceof Promise))
  return known.length === starts.length ? known : Promise.all(starts.map(async (start) => start))
}

const pageEntries = 256

/** How a channel is kept; `none` is never stored. */
export type Keep = 'all' | 'latest' | 'none'

/**
 * Turns what a client asked for into where the channel starts, at once where the log need not be asked. `index` is the channel's place in the stream's
 * list, which floors of a position refer to; `head` the log's head when the whole stream was asked for, so that
 * all of its channels agree on "now". Throws `bad-position`.
 */
export function resolveStart(
  log: Log,
  keep: Keep,
  channel: string,
  index: number,
  asked: Start,
  head: number,
): ChannelStart | Promise<ChannelStart> {
  if (keep === 'none') return { channel, after: head, fresh: false }
  const { after, last } = asked
  if (after !== undefined && after !== 'now' && after !== 'earliest') {
    return resume(log, keep, channel, index, after, head)
  }
  if (keep === 'latest') return { channel, after: 0, fresh: true, snapshotThrough: head }
  if (after === 'earliest') return oldestKept(log, channel, head)
  return last === undefined ? { channel, after: head, fresh: false } : nthNewest(log, channel, last, head)
}

async function oldestKept(log: Log, channel: string, head: number): Promise<ChannelStart> {
  const [oldest] = await log.history({ channel, limit: 1, order: 'forward' })
  return { channel, after: justBefore(oldest, head), fresh: false }
}

/** Where nothing is lost this is known at once, of thousands that come back together. */
function resume(
  log: Log,
  keep: 'all' | 'latest',
  channel: string,
  index: number,
  after: string,
  head: number,
): ChannelStart | Promise<ChannelStart> {
  const position = parsePosition(after)
  const floor = position.floors.get(index) ?? 0
  const seq = Math.max(floor, position.seq)
  const reason = log.lineage.judge(seq, position.epoch, head)
  if (reason === undefined && keep === 'latest') {
    // Nothing was seen yet: the state, rather than a history of it.
    if (seq === 0) return { channel, after: 0, fresh: true, snapshotThrough: head }
    const begun = position.snapshots.get(index)
    if (begun !== undefined && begun <= head)
      return { channel, after: seq, fresh: false, snapshotBegun: begun }
  }
  if (reason === undefined) return { channel, after: seq, fresh: false }
  return resumeBehindGap(log, keep, channel, { seq, epoch: position.epoch, after, reason }, head)
}

interface Broken {
  readonly seq: number
  readonly epoch: string
  readonly after: string
  readonly reason: GapReason
}

async function resumeBehindGap(
  log: Log,
  keep: 'all' | 'latest',
  channel: string,
  { seq, epoch, after, reason }: Broken,
  head: number,
): Promise<ChannelStart> {
  // Go on from the last place that reader and log certainly share; what is no more kept since is part of the gap.
  const shared = reason === 'other-log' ? 0 : Math.min(seq, log.lineage.endOf(epoch) ?? head)
  const [oldest] = await log.history({ channel, after: shared, limit: 1, order: 'forward' })
  const [newest] = await log.history({ channel, limit: 1, order: 'backward' })
  const gap = { reason, after, oldest: oldest?.seq, head: newest?.seq }
  return keep === 'latest'
    ? { channel, after: 0, fresh: true, snapshotThrough: head, gap }
    : { channel, after: Math.max(shared, justBefore(oldest, head)), fresh: false, gap }
}

/**
 * Where a channel starts whose first message is to be this one; at the head when there is none. Further back the first
 * message would not follow the start (PROTOCOL.md 2.11), though nothing was missed.
 */
function justBefore(first: Entry | undefined, head: number): number {
  return first ? first.seq - 1 : head
}

/** The message `n` back from the head, or the oldest that is kept. In pages: only the last of them is wanted. */
async function nthNewest(log: Log, channel: string, n: number, head: number): Promise<ChannelStart> {
  let oldest: Entry | undefined
  for (let left = n; left > 0;) {
    const limit = Math.min(left, pageEntries)
    const page = await log.history({ channel, limit, order: 'backward', before: oldest?.seq ?? head + 1 })
    oldest = page.at(-1) ?? oldest
    if (page.length < limit) break
    left -= limit
  }
  return { channel, after: justBefore(oldest, head), fresh: false }
}

/**
 * The starts of a stream's channels from what HTTP gives: `after` once for all or once per channel, or `last`.
 * A position with floors speaks of the same list of channels in the same order.
 */
export function startsOf(
  channels: readonly string[],
  afters: readonly string[],
  last: number | undefined,
): readonly Start[] {
  if (last !== undefined) {
    if (afters.length > 0) throw new EverwireError('bad-message', '"after" and "last" exclude each other')
    return channels.map(() => ({ last }))
  }
  const [only] = afters
  if (only === undefined) return channels.map(() => ({}))
  if (afters.length === 1) return channels.map(() => ({ after: only }))
  if (afters.length === channels.length) return afters.map((after) => ({ after }))
  throw new EverwireError(
    'bad-position',
    `${afters.length} values of "after" for ${channels.length} channels: give one for all, or one per channel in their order`,
  )
}
