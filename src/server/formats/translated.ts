import { nextFormatSlot, type Outgoing, type WireFormat } from '../../hub/format.ts'
import type { ChannelMessage, ServerMessage } from '../../protocol/messages.ts'

/** A format of one route of an application: its own shapes, made once per message for all of the route's connections. */
export function translatedFormat(name: string, write: (message: ServerMessage) => Uint8Array): WireFormat {
  return {
    name,
    slot: nextFormatSlot(),
    message: (message) => write(channelMessage(message)),
    gap: write,
    snapshot: write,
    position: (id) => write({ type: 'position', id }),
  }
}

/** As the object of PROTOCOL.md section 5; bytes stay bytes. */
function channelMessage({ data, id, previous, slot, removed, ...rest }: Outgoing): ChannelMessage {
  return {
    type: 'message',
    channel: rest.channel,
    ...(id === undefined ? {} : { id }),
    event: rest.event,
    // The log's own JSON: it was checked when it was published.
    data: typeof data === 'string' ? JSON.parse(data) : data,
    time: rest.time,
    ...(previous === undefined ? {} : { previous }),
    ...(slot === undefined ? {} : { slot }),
    ...(removed ? { removed } : {}),
  }
}
