import { EverwireError } from './codes.ts'

/**
 * A place in a log's sequence, or in several logs' (PROTOCOL.md section 2):
 *
 *     position  = part *( "," part )                at most 16 parts, shards ascending
 *     part      = [ "s" shard "." ] seq "-" epoch *( "." index ":" seq ) *( "~" index ":" seq )
 *     epoch     = 10*24( DIGIT / %x61-7A )
 *
 * A floor `.index:seq` says that the channel with that index in the stream's list is proved through that
 * sequence, which lies ahead of the part's own; a mark `~index:seq` that the reader is inside a snapshot of that
 * channel, begun when the log's head was `seq`. Bare clients treat the whole as opaque.
 */
export interface Position {
  readonly seq: number
  readonly epoch: string
  /** Floors by channel index, ascending; empty for most positions. */
  readonly floors: ReadonlyMap<number, number>
  /** Snapshots under way by channel index; empty for most positions. */
  readonly snapshots: ReadonlyMap<number, number>
  readonly shard: number | undefined
}

/** The longest text that is looked at: 128 floors fit. */
export const maxPositionLength = 4_096
const maxShards = 16
const maxIndexes = 128

const partPattern =
  /^(?:s(0|[1-9]\d{0,4})\.)?(0|[1-9]\d{0,15})-([0-9a-z]{10,24})((?:\.\d{1,3}:\d{1,16})*)((?:~\d{1,3}:\d{1,16})*)$/
const none: ReadonlyMap<number, number> = new Map()

/** The text of a position without floors. Hot path: once per message. */
export function positionText(seq: number, epoch: string): string {
  return `${seq}-${epoch}`
}

/** The text of one part; floors at or below `seq` say nothing and are left out. */
export function formatPosition(position: Position): string {
  const shard = position.shard === undefined ? '' : `s${position.shard}.`
  let text = `${shard}${position.seq}-${position.epoch}`
  for (const [index, floor] of [...position.floors].sort(([a], [b]) => a - b)) {
    if (floor > position.seq) text += `.${index}:${floor}`
  }
  for (const [index, begun] of position.snapshots) text += `~${index}:${begun}`
  return text
}

/** One part of a position as the source of a regular expression, for whoever describes it. */
export function positionPart(): string {
  return partPattern.source.slice(1, -1)
}

/** The parts of a position text, or undefined when it is not one. */
export function parseVector(text: string): readonly Position[] | undefined {
  if (text.length === 0 || text.length > maxPositionLength) return undefined
  const parts: Position[] = []
  for (const part of text.split(',')) {
    const position = parsePart(part)
    if (position === undefined || parts.length === maxShards) return undefined
    const before = parts.at(-1)
    // A vector names its shards, each once, in ascending order.
    if (
      before &&
      (before.shard === undefined || position.shard === undefined || position.shard <= before.shard)
    )
      return undefined
    parts.push(position)
  }
  return parts
}

/** The single unsharded position in `text`; throws `bad-position` when it is none. */
export function parsePosition(text: string): Position {
  const parts = parseVector(text)
  const only = parts?.[0]
  if (!only || parts.length > 1 || only.shard !== undefined) {
    throw new EverwireError(
      'bad-position',
      `${JSON.stringify(text.slice(0, 80))} is not a position of this log: use the id of a message, of "connected" or of GET position, unchanged`,
    )
  }
  return only
}

function parsePart(part: string): Position | undefined {
  const match = partPattern.exec(part)
  if (!match) return undefined
  const [, shard, seqText = '', epoch = '', floorText = '', snapshotText = ''] = match
  const seq = Number(seqText)
  if (!Number.isSafeInteger(seq)) return undefined
  const floors = parseIndexed(floorText, '.')
  const snapshots = parseIndexed(snapshotText, '~')
  if (!floors || !snapshots) return undefined
  return { seq, epoch, floors, snapshots, shard: shard === undefined ? undefined : Number(shard) }
}

function parseIndexed(text: string, mark: '.' | '~'): ReadonlyMap<number, number> | undefined {
  if (text === '') return none
  const found = new Map<number, number>()
  for (const each of text.slice(1).split(mark)) {
    const [index = NaN, seq = NaN] = each.split(':').map(Number)
    if (!Number.isSafeInteger(seq) || index >= maxIndexes || found.has(index)) return undefined
    found.set(index, seq)
  }
  return found
}

/**
 * The sequence of a message id (`seq-epoch`) that a server has given; 0 for `"0"`, which stands before everything;
 * NaN for text that does not begin like an id. Within one subscription ids of the same log are ordered by it, whatever
 * their epochs: the server proves the lineage when it accepts a resume (PROTOCOL.md 2.6).
 */
export function sequenceOf(text: string): number {
  return Number(/^(?:s\d+\.)?(\d+)(?:-|$)/.exec(text)?.[1])
}
