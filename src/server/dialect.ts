import type { WireFormat } from '../hub/format.ts'
import { decodeBinary } from '../protocol/binary.ts'
import { EverwireError } from '../protocol/codes.ts'
import { decodeClientMessage } from '../protocol/decode.ts'
import { isRecord, parseJson } from '../protocol/json.ts'
import type { Ref, ServerMessage } from '../protocol/messages.ts'
import type { Dialect, Heard } from '../session/dialect.ts'
import { refusalOf } from '../session/refusal.ts'
import { pingFrame, textFrame } from './formats/frames.ts'
import { webSocketFormats } from './formats/ws.ts'

const dialect = (format: WireFormat): Dialect => ({
  format,
  read: readClientMessage,
  write: writeServerMessage,
  ping: pingFrame,
})

/** Everwire's own protocol over a WebSocket (PROTOCOL.md sections 4 to 6), by how messages are put into frames. */
export const dialects = {
  plain: dialect(webSocketFormats.plain),
  arrays: dialect(webSocketFormats.arrays),
  deflate: dialect(webSocketFormats.deflate),
} as const

/** What a frame of a client says, by the protocol. */
export function readClientMessage(data: string | Uint8Array): readonly Heard[] {
  let value: unknown
  try {
    value = typeof data === 'string' ? parseJson(data) : withBytes(data)
    return [{ kind: 'message', message: decodeClientMessage(value) }]
  } catch (error) {
    return [{ kind: 'refused', error: expected(error), ref: refIn(value) }]
  }
}

/** Of welcomes that many are told: to encode one takes a twentieth of a connect. */
const welcomes = new WeakMap<ServerMessage, Uint8Array>()

export function writeServerMessage(message: ServerMessage): Uint8Array {
  if (message.type !== 'welcome' || message.expiresInMs !== undefined) return encoded(message)
  let frame = welcomes.get(message)
  if (!frame) welcomes.set(message, (frame = encoded(message)))
  return frame
}

function encoded(message: ServerMessage): Uint8Array {
  return textFrame(JSON.stringify(message))
}

function withBytes(data: Uint8Array): unknown {
  const { header, bytes } = decodeBinary(data)
  // The bytes are the data, whatever the header says.
  return { ...header, encoding: undefined, data: bytes }
}

function refIn(value: unknown): Ref | undefined {
  if (!isRecord(value)) return undefined
  const { ref } = value
  return typeof ref === 'number' || (typeof ref === 'string' && ref.length <= 64) ? ref : undefined
}

// Decoders throw nothing else; should one, the client is told that it is our fault.
function expected(error: unknown): EverwireError {
  return refusalOf(error, () => {})
}
