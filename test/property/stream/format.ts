import type { Outgoing, WireFormat } from '../../../src/hub/format.ts'
import type { GapMessage, SnapshotMessage } from '../../../src/protocol/messages.ts'

/** A line of JSON per event. `id` is the stream's position where the format has one; `own` the message's id. */
export interface Line {
  readonly type: 'connected' | 'message' | 'gap' | 'snapshot' | 'position'
  readonly id?: string
  readonly own?: string
  readonly channel?: string
  readonly data?: string
  readonly previous?: string
  readonly slot?: string
  readonly removed?: boolean
  readonly reason?: GapMessage['reason']
  readonly phase?: SnapshotMessage['phase']
}

const encoder = new TextEncoder()
export const encodeLine = (line: Line): Uint8Array => encoder.encode(JSON.stringify(line) + '\n')

function messageLine(message: Outgoing, id: string | undefined): Uint8Array {
  const { channel, id: own, data, previous, slot, removed } = message
  return encodeLine({
    type: 'message',
    ...(id === undefined ? {} : { id }),
    ...(own === undefined ? {} : { own }),
    channel,
    data: String(data),
    ...(previous === undefined ? {} : { previous }),
    ...(slot === undefined ? {} : { slot }),
    ...(removed ? { removed } : {}),
  })
}

const notices = {
  gap: (gap: GapMessage) =>
    encodeLine({
      type: 'gap',
      ...(gap.id === undefined ? {} : { id: gap.id }),
      channel: gap.channel,
      reason: gap.reason,
    }),
  snapshot: ({ channel, phase, id }: SnapshotMessage) =>
    encodeLine({ type: 'snapshot', channel, phase, ...(id === undefined ? {} : { id }) }),
  position: (id: string) => encodeLine({ type: 'position', id }),
}

/** As on SSE: ids are positions of the stream. */
export const streamFormat: WireFormat = {
  name: 'test stream',
  message: (message) => messageLine(message, message.id),
  messageAt: messageLine,
  ...notices,
}

/** As on a WebSocket: ids are those of the messages. */
export const socketFormat: WireFormat = {
  name: 'test socket',
  message: (message) => messageLine(message, message.id),
  ...notices,
}
