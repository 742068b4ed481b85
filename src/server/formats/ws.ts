import type { Outgoing, WireFormat } from '../../hub/format.ts'
import type { GapMessage, ServerMessage, SnapshotMessage } from '../../protocol/messages.ts'
import { arrayFrames, binaryFrame, deflateFrame, textFrame } from './frames.ts'
import { headerJson, messageJson } from './json.ts'

/** WebSocket frames that are ready for the socket: text, or binary for bytes (PROTOCOL.md 6.4). */
export class WebSocketFormat implements WireFormat {
  readonly name: string
  readonly #deflate: boolean

  constructor(name: string, deflate: boolean) {
    this.name = name
    this.#deflate = deflate
  }

  message(message: Outgoing): Uint8Array {
    const frame =
      typeof message.data === 'string' ? textFrame(messageJson(message)) : bytesFrame(message, message.data)
    return this.#deflate ? deflateFrame(frame) : frame
  }

  gap(gap: GapMessage): Uint8Array {
    return textFrame(JSON.stringify(gap))
  }

  snapshot(snapshot: SnapshotMessage): Uint8Array {
    return textFrame(JSON.stringify(snapshot))
  }

  position(id: string): Uint8Array {
    return textFrame(JSON.stringify({ type: 'position', id } satisfies ServerMessage))
  }
}

/** What leaves together is one frame: a page pays for each frame several times what the messages in it cost it. */
class ArrayFormat extends WebSocketFormat {
  join(parts: readonly Uint8Array[]): Uint8Array {
    return arrayFrames(parts)
  }
}

/** `arrays` for those who asked for them (PROTOCOL.md 6.7), `deflate` for those who negotiated permessage-deflate. */
export const webSocketFormats = {
  plain: new WebSocketFormat('ws', false),
  arrays: new ArrayFormat('ws-arrays', false),
  deflate: new WebSocketFormat('ws-deflate', true),
} as const

function bytesFrame(message: Outgoing, bytes: Uint8Array): Buffer {
  const header = Buffer.from(headerJson(message))
  return binaryFrame(Uint8Array.of(header.length >> 8, header.length & 0xff), header, bytes)
}
