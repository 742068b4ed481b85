import { channelName } from '../protocol/channel.ts'
import { EverwireError } from '../protocol/codes.ts'
import { parsePosition } from '../protocol/position.ts'
import type { Lineage } from '../log/lineage.ts'

/** The only `channel` of a query; throws `bad-channel` when there is none, `bad-message` when there are several. */
export function onlyChannel(query: URLSearchParams): string {
  const [channel, ...more] = query.getAll('channel')
  if (more.length > 0) throw new EverwireError('bad-message', 'one "channel" at a time: ask several times')
  return channelName(channel)
}

/** A whole number of a query in [low, high]; throws `bad-message`. */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  low: number,
  high: number,
): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (value >= low && value <= high) return value
  throw new EverwireError(
    'bad-message',
    `"${name}" is ${JSON.stringify(text.slice(0, 40))}; it takes a whole number from ${low} to ${high}`,
  )
}

/** The sequence that a position of this log stands for; throws `bad-position` for one of another log or a lost tail. */
export function placeOf(lineage: Lineage, head: number, text: string): number {
  if (text === 'earliest') return 0
  if (text === 'now') return head
  const { seq, epoch } = parsePosition(text)
  const wrong = lineage.judge(seq, epoch, head)
  if (wrong === 'other-log' || wrong === 'rolled-back') {
    throw new EverwireError('bad-position', `this log does not know that position (${wrong}): start anew`)
  }
  return seq
}

/** Throws `bad-utf8` when a query's escapes are no UTF-8, which URLSearchParams would silently replace. */
export function assertUtf8(target: string): void {
  if (!target.includes('%')) return
  for (const [escaped] of target.matchAll(/(?:%[89a-f][0-9a-f])+/gi)) {
    try {
      decodeURIComponent(escaped)
    } catch (error) {
      throw new EverwireError('bad-utf8', `${escaped.slice(0, 40)} in the URL is not UTF-8`, { cause: error })
    }
  }
}
