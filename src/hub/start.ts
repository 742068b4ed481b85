import type { Log } from '../log/log.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { GapReason, Start } from '../protocol/messages.ts'
import { parsePosition } from '../protocol/position.ts'

/** Where a channel of a reader starts. */
export interface ChannelStart {
  readonly channel: string
  /** The reader wants what has a greater sequence. */
  readonly after: number
  /** It has not been here before: what retention has removed is no loss to it. */
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

/** How a channel is kept; `none` is never stored. */
export type Keep = 'all' | 'latest' | 'none'

/**
 * Turns what a client asked for into where the channel starts. `index` is the channel's place in the stream's
 * list, which floors of a position refer to; `head` the log's head when the whole stream was asked for, so that
 * all of its channels agree on "now". Throws `bad-position`.
 */
export async function resolveStart(
  log: Log,
  keep: Keep,
  channel: string,
  index: number,
  start: Start,
  head: number,
): Promise<ChannelStart> {
  if (keep === 'none') return { channel, after: head, fresh: false }
  const { after, last } = start
  if (after !== undefined && after !== 'now' && after !== 'earliest') {
    return resume(log, keep, channel, index, after, head)
  }
  if (keep === 'latest') return { channel, after: 0, fresh: true, snapshotThrough: head }
  if (after === 'earliest') return { channel, after: 0, fresh: true }
  if (last !== undefined && last > 0) {
    const newest = await log.history({ channel, limit: last, order: 'backward', before: head + 1 })
    const oldest = newest.at(-1)
    return { channel, after: oldest ? oldest.seq - 1 : head, fresh: false }
  }
  return { channel, after: head, fresh: false }
}

async function resume(
  log: Log,
  keep: 'all' | 'latest',
  channel: string,
  index: number,
  after: string,
  head: number,
): Promise<ChannelStart> {
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
  // Go on from the last place that reader and log certainly share.
  const shared = reason === 'other-log' ? 0 : Math.min(seq, log.lineage.endOf(position.epoch) ?? head)
  const [oldest] = await log.history({ channel, after: shared, limit: 1, order: 'forward' })
  const [newest] = await log.history({ channel, limit: 1, order: 'backward' })
  const gap = { reason, after, oldest: oldest?.seq, head: newest?.seq }
  return keep === 'latest'
    ? { channel, after: 0, fresh: true, snapshotThrough: head, gap }
    : { channel, after: shared, fresh: true, gap }
}

/**
 * The starts of a stream's channels from what HTTP gives: `after` once for all or once per channel, or `last`.
 * A position with floors speaks of the same list of channels in the same order.
 */
export function startsOf(
  channels: number,
  afters: readonly string[],
  last: number | undefined,
): readonly Start[] {
  if (last !== undefined) {
    if (afters.length > 0) throw new EverwireError('bad-message', '"after" and "last" exclude each other')
    return Array.from({ length: channels }, () => ({ last }))
  }
  const [only] = afters
  if (only === undefined) return Array.from({ length: channels }, () => ({}))
  if (afters.length === 1) return Array.from({ length: channels }, () => ({ after: only }))
  if (afters.length === channels) return afters.map((after) => ({ after }))
  throw new EverwireError(
    'bad-position',
    `${afters.length} values of "after" for ${channels} channels: give one for all, or one per channel in their order`,
  )
}
