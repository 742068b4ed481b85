import { hash } from 'node:crypto'
import { EverwireError } from '../../protocol/codes.ts'

/** By lower-case names. */
export type HandshakeFields = Readonly<Record<string, string | readonly string[] | undefined>>

/** RFC 6455, 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Characters of a token (RFC 9110, 5.6.2). */
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const tokenPattern = new RegExp(`^${token}$`)

/** The answer to a handshake over HTTP/1.1 whose method, key and version are in order. */
export interface Accepted {
  /** The head of the answer: status line and fields, with the empty line. */
  readonly head: Buffer
  /** Whether permessage-deflate was agreed on. */
  readonly deflate: boolean
}

/** `deflate`: whether permessage-deflate may be agreed on. Throws `bad-message`. */
export function acceptHandshake(headers: HandshakeFields, deflate: boolean): Accepted {
  const key = String(headers['sec-websocket-key'])
  const protocol = firstProtocol(headers)
  const extension = deflate ? acceptedExtension(headers) : undefined
  const head =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${hash('sha1', key + guid, 'base64')}\r\n` +
    (protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
    (extension === undefined ? '' : `Sec-WebSocket-Extensions: ${extension}\r\n`) +
    '\r\n'
  return { head: Buffer.from(head, 'latin1'), deflate: extension !== undefined }
}

/** The subprotocol that the client likes best, which it is answered; undefined when it names none. Throws `bad-message`. */
export function firstProtocol(headers: HandshakeFields): string | undefined {
  const field = headers['sec-websocket-protocol']
  if (field === undefined) return undefined
  const names = String(field)
    .split(',')
    .map((name) => name.trim())
  if (names.every((name) => tokenPattern.test(name)) && new Set(names).size === names.length) return names[0]
  throw new EverwireError(
    'bad-message',
    '"Sec-WebSocket-Protocol" takes different tokens, with commas between (RFC 6455, 4.1)',
  )
}

const parameter = `\\s*;\\s*${token}(?:\\s*=\\s*(?:${token}|"${token}"))?`
const offerPattern = new RegExp(`^\\s*${token}(?:${parameter})*\\s*$`)

/**
 * The answer to the first offer of permessage-deflate that can be kept (RFC 7692, 7.1): never with a context taken over,
 * and always with the full window, as a frame is compressed once for all. Undefined: none can be. Throws `bad-message`.
 */
function acceptedExtension(headers: HandshakeFields): string | undefined {
  const field = headers['sec-websocket-extensions']
  if (field === undefined) return undefined
  const offers = String(field).split(',')
  if (!offers.every((offer) => offerPattern.test(offer))) {
    throw new EverwireError('bad-message', '"Sec-WebSocket-Extensions" is not as in RFC 6455, 9.1')
  }
  for (const offer of offers) {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim())
    const window = name === 'permessage-deflate' ? windowOf(parameters) : 'refused'
    if (window === 'refused') continue
    const bits = window === 'asked' ? '; server_max_window_bits=15' : ''
    return `permessage-deflate; server_no_context_takeover; client_no_context_takeover${bits}`
  }
  return undefined
}

const acceptable: Readonly<Record<string, RegExp>> = {
  server_no_context_takeover: /^$/,
  client_no_context_takeover: /^$/,
  // A smaller one would have to be compressed for it alone.
  server_max_window_bits: /^15$/,
  client_max_window_bits: /^([89]|1[0-5])?$/,
}

/** Whether an offer with these parameters can be kept, and whether it asks about the server's window. */
function windowOf(parameters: readonly string[]): 'asked' | 'free' | 'refused' {
  const names = new Set<string>()
  for (const each of parameters) {
    const [name = '', value = ''] = each.split('=').map((part) => part.trim().replaceAll('"', ''))
    const values = Object.hasOwn(acceptable, name) ? acceptable[name] : undefined
    if (!values?.test(value) || names.has(name)) return 'refused'
    names.add(name)
  }
  return names.has('server_max_window_bits') ? 'asked' : 'free'
}
