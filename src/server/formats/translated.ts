import type { Outgoing, WireFormat } from '../../hub/format.ts'
import type { ChannelMessage, ServerMessage } from '../../protocol/messages.ts'

/** A format of one route of an application: its own shapes, made once per message for all of the route's connections. */
export function translatedFormat(name: string, write: (message: ServerMessage) => Uint8Array): WireFormat {
  return {
    name,
    message: (message) => write(channelMessage(message)),
    gap: write,
    snapshot: write,
    position: (id) => write({ type: 'position', id }),
  }
}

/** As the object of PROTOCOL.md section 5; bytes stay bytes. */
function channelMessage(message: Outgoing): ChannelMessage {
  const { channel, event, data, time, id, previous, slot, removed } = message
  return {
    type: 'message',
    channel,
    ...(id === undefined ? {} : { id }),
    event,
    // The log's own JSON: it was checked when it was published.
    data: typeof data === 'string' ? JSON.parse(data) : data,
    time,
    ...(previous === undefined ? {} : { previous }),
    ...(slot === undefined ? {} : { slot }),
    ...(removed ? { removed } : {}),
  }
}
