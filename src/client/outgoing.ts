import { toBase64 } from '../protocol/binary.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { ChannelMessage, ClientMessage, WireLimits } from '../protocol/messages.ts'
import type { Outgoing } from './transports/transport.ts'
import type { Message } from './types.ts'

/** Writes a message. */
export function outgoing(message: Exclude<ClientMessage, { type: 'auth' }> & { ref?: number }): Outgoing {
  const { type, ref } = message
  return { type, ref, text: JSON.stringify(message) }
}

/** Data as it is sent: bytes travel as text, one form for every wire, and for a repeat. */
export function encoded(data: unknown): { data: unknown; encoding?: 'base64' } {
  const bytes =
    data instanceof ArrayBuffer
      ? new Uint8Array(data)
      : ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : undefined
  return bytes ? { data: toBase64(bytes), encoding: 'base64' } : { data: data ?? null }
}

/** A message as the application sees it. */
export function decoded({ encoding, data, ...rest }: ChannelMessage): Message {
  const isText = encoding === 'base64' && typeof data === 'string'
  return { ...rest, data: isText ? Uint8Array.from(atob(data), (c) => c.charCodeAt(0)) : data }
}

/** Why `message` cannot be sent: too large a frame would end the connection, and every repeat the next one. */
export function tooLarge({ text }: Outgoing, limits: WireLimits | undefined): EverwireError | undefined {
  if (!limits) return undefined
  const most = limits.messageBytes
  const bytes = new TextEncoder().encode(text).length
  // Bytes as base64, and the fields around them.
  if (bytes <= most * 1.4 + 4_000) return undefined
  return new EverwireError('too-large', `${bytes} bytes; a message takes ${most}`)
}
