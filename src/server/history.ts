import { Frame } from '../hub/frame.ts'
import type { Hub } from '../hub/hub.ts'
import type { Entry } from '../log/log.ts'
import { sizeOf } from '../log/merge.ts'
import { toBase64 } from '../protocol/binary.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { ChannelMessage, HistoryAnswer } from '../protocol/messages.ts'
import type { Lineage } from '../log/lineage.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'
import { onlyChannel, placeOf, wholeNumber } from './query.ts'

/** Which part of a channel's history; positions are those of messages or of `position()`. */
export interface HistoryPart {
  /** Only messages after this position. */
  readonly after?: string
  /** Only messages before this position. */
  readonly before?: string
  /** 1 to 1,000, default 100. */
  readonly limit?: number
  /** Oldest first (default) or newest first. */
  readonly order?: 'forward' | 'backward'
}

const maxLimit = 1_000
/** An answer ends when it has this much data, whatever its limit: `more` says so. */
const maxBytes = 1024 * 1024

/** `GET history` (PROTOCOL.md 8.5). */
export async function serveHistory(kernel: Kernel, exchange: Exchange): Promise<void> {
  const { query } = exchange
  const channel = onlyChannel(query)
  const limit = wholeNumber(query, 'limit', 1, maxLimit)
  const order = query.get('order') ?? 'forward'
  if (order !== 'forward' && order !== 'backward') {
    throw new EverwireError('bad-message', '"order" takes "forward" or "backward"')
  }
  const after = query.get('after')
  const before = query.get('before')
  const principal = await kernel.guard.identify(exchange)
  await kernel.guard.allow(principal, 'subscribe', channel)
  const part = {
    order,
    ...(limit === undefined ? {} : { limit }),
    ...(after === null ? {} : { after }),
    ...(before === null ? {} : { before }),
  } as const
  answerJson(exchange, 200, await readHistory(kernel.hub, channel, part))
}

/** One page of a channel's history; throws `bad-position`. Signals have none. */
export async function readHistory(hub: Hub, channel: string, part: HistoryPart): Promise<HistoryAnswer> {
  if (hub.keeps(channel) === 'none') return { messages: [], more: false }
  const { limit = 100, order = 'forward' } = part
  const head = await hub.log.head()
  const found = await hub.log.history({
    channel,
    order,
    limit: limit + 1,
    bytes: maxBytes,
    ...(part.after === undefined ? {} : { after: placeOf(hub.lineage, head, part.after) }),
    ...(part.before === undefined ? {} : { before: placeOf(hub.lineage, head, part.before) }),
  })
  const page = withinBytes(found.slice(0, limit))
  return {
    messages: page.map((entry) => messageOf(entry, hub.lineage)),
    more: found.length > page.length,
  }
}

/** A stored entry as clients see it. */
export function messageOf(entry: Entry, lineage: Lineage): ChannelMessage {
  const { channel, id, event, data, time, previous, slot, removed } = new Frame(entry, lineage)
  const bytes = data instanceof Uint8Array
  return {
    type: 'message',
    channel,
    ...(id === undefined ? {} : { id }),
    event,
    // The log's own JSON: it was checked when it was published.
    data: bytes ? toBase64(data) : JSON.parse(data),
    time,
    ...(previous === undefined ? {} : { previous }),
    ...(slot === undefined ? {} : { slot }),
    ...(removed ? { removed } : {}),
    ...(bytes ? { encoding: 'base64' } : {}),
  }
}

function withinBytes(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  const end = entries.findIndex((entry) => (bytes += sizeOf(entry.data)) > maxBytes)
  return end < 0 ? entries : entries.slice(0, Math.max(1, end))
}
