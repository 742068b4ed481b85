import { EverwireError } from './codes.ts'
import { isRecord, parseJson } from './json.ts'

/**
 * A binary WebSocket message (PROTOCOL.md section 6): two bytes, big endian, the length of a JSON header in
 * UTF-8; the header, a message of section 4 or 5 without `data`; then the data's bytes.
 */
export interface BinaryMessage {
  readonly header: Readonly<Record<string, unknown>>
  readonly bytes: Uint8Array
}

// Pure, so that a bundle which only encodes leaves it out.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

/** Throws `bad-message`, `bad-utf8` or `bad-json`. The bytes are a view on `whole`. */
export function decodeBinary(whole: Uint8Array): BinaryMessage {
  const [high, low] = whole
  const length = high === undefined || low === undefined ? Infinity : (high << 8) | low
  if (2 + length > whole.length) {
    throw new EverwireError(
      'bad-message',
      'a binary message is two bytes of header length, the JSON header, the data',
    )
  }
  let text: string
  try {
    text = decoder.decode(whole.subarray(2, 2 + length))
  } catch (error) {
    throw new EverwireError('bad-utf8', 'the header of a binary message is not UTF-8', { cause: error })
  }
  const header = parseJson(text)
  if (!isRecord(header))
    throw new EverwireError('bad-message', 'the header of a binary message is not a JSON object')
  return { header, bytes: whole.subarray(2 + length) }
}

/** Base64 of bytes, for wires that carry text only. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  // In slices: spreading a large array overflows the stack.
  for (let i = 0; i < bytes.length; i += 8_192) text += String.fromCharCode(...bytes.subarray(i, i + 8_192))
  return btoa(text)
}

/** The bytes of base64 text; throws `bad-message` when it is not. */
export function fromBase64(text: string): Uint8Array {
  let raw: string
  try {
    raw = atob(text)
  } catch (error) {
    throw new EverwireError('bad-message', '"encoding":"base64" needs "data" in base64 (RFC 4648)', {
      cause: error,
    })
  }
  return Uint8Array.from(raw, (c) => c.charCodeAt(0))
}
