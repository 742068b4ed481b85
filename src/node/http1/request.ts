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

const requestLine = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1$/
/** RFC 9110, 5.1 and 5.5, without the obsolete bytes above 0x7f. */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*)$/

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
  const end = bytes.subarray(0, largestHead).indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [, method, target = ''] = requestLine.exec(first) ?? []
  const headers = lines.length <= mostFields ? fields(lines) : undefined
  if (headers?.['host'] === undefined || !isMethod(method)) return undefined
  const connection = connections.get(headers['connection']?.toLowerCase() ?? '')
  const body = bytes.subarray(end + 4)
  if (!connection || !wholeBody(method, headers, body) || !rightUpgrade(method, headers, connection.upgrade))
    return undefined
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

function fields(lines: readonly string[]): Fields | undefined {
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, written = '', value = ''] = fieldLine.exec(line) ?? []
    const name = written.toLowerCase()
    if (name === '' || name in headers || unusual.has(name)) return undefined
    headers[name] = value.trimEnd()
  }
  return headers
}
