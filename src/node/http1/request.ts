type Fields = Readonly<Record<string, string>>

/** A request that asks in the plainest way there is. */
export interface PlainRequest {
  readonly method: 'GET' | 'POST'
  /** Origin form: begins with `/`, and is visible ASCII. */
  readonly target: string
  /** Lower-case names; each came once. */
  readonly headers: Fields
  /** Whether it is a WebSocket handshake. */
  readonly upgrade: boolean
  /** Whether the connection may be kept for another request. */
  readonly keep: boolean
  readonly body: Uint8Array
}

const nothing = new Uint8Array(0)
const largestHead = 8_192
const mostFields = 64

/**
 * All of a head (RFC 9112, 3 and 5), without the obsolete bytes above 0x7f. Wherever it fails there is nothing to try again:
 * white space around a value is left to `trim`.
 */
const plainHead = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*)\r\n/

/** With these a body has no known end, or an answer is wanted in another way; the last is no name that an object can have. */
const unusual: ReadonlySet<string> = new Set(['transfer-encoding', 'expect', 'te', 'trailer', '__proto__'])

/** What `Connection` may say; each is answered by name. */
const connections: ReadonlyMap<string, Pick<PlainRequest, 'upgrade' | 'keep'>> = new Map([
  ['', { upgrade: false, keep: true }],
  ['keep-alive', { upgrade: false, keep: true }],
  ['close', { upgrade: false, keep: false }],
  ['upgrade', { upgrade: true, keep: false }],
  ['keep-alive, upgrade', { upgrade: true, keep: false }],
])

/**
 * The request when `bytes` are exactly one of HTTP/1.1 (RFC 9112), a GET without a body or a POST with all of it, and nothing
 * in it is repeated, obsolete or rare; undefined otherwise: what that is, and how it is refused, a complete parser has to say.
 */
export function plainRequest(bytes: Buffer): PlainRequest | undefined {
  const text = bytes.toString('latin1', 0, largestHead)
  const [head, method, written = '', lines = ''] = plainHead.exec(text) ?? []
  if (head === undefined || !isMethod(method)) return undefined
  const headers = fields(lines)
  if (headers?.['host'] === undefined) return undefined
  const connection = connections.get(headers['connection']?.toLowerCase() ?? '')
  const body = bytes.subarray(head.length)
  if (!connection || !wholeBody(method, headers, body) || !rightUpgrade(method, headers, connection.upgrade))
    return undefined
  // A part of a text holds all of it, and whatever is held for long has names from the target.
  const start = method.length + 1
  const target = bytes.toString('latin1', start, start + written.length)
  // An empty part of the bytes would hold them for as long as the request is held.
  return { method, target, headers, body: body.length === 0 ? nothing : body, ...connection }
}

function isMethod(name: string | undefined): name is PlainRequest['method'] {
  return name === 'GET' || name === 'POST'
}

/** A length in another notation than this is for a parser to judge. */
function wholeBody(method: PlainRequest['method'], headers: Fields, body: Uint8Array): boolean {
  const length = headers['content-length']
  return method === 'POST' ? length === String(body.length) : length === undefined && body.length === 0
}

/** Both fields of a handshake, or neither. */
function rightUpgrade(method: PlainRequest['method'], headers: Fields, upgrade: boolean): boolean {
  const to = headers['upgrade']?.toLowerCase()
  return upgrade ? method === 'GET' && to === 'websocket' : to === undefined
}

/** Of lines that are in order. */
function fields(lines: string): Fields | undefined {
  const headers: Record<string, string> = Object.create(null)
  let left = mostFields
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r', colon)
    const name = lines.slice(at, colon).toLowerCase()
    if (left-- === 0 || name in headers || unusual.has(name)) return undefined
    headers[name] = lines.slice(colon + 1, end).trim()
    at = end + 2
  }
  return headers
}
