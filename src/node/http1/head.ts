/** The head of a request that asks in the plainest way there is. */
export interface PlainHead {
  /** Origin form: begins with `/`, and is visible ASCII. */
  readonly target: string
  /** Lower-case names; each came once. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether it is a WebSocket handshake. */
  readonly upgrade: boolean
  /** Whether the connection may be kept for another request. */
  readonly keep: boolean
}

const largestHead = 8_192
const mostFields = 64

const requestLine = /^GET (\/[!-~]*) HTTP\/1\.1$/
/** RFC 9110, 5.1 and 5.5, without the obsolete bytes above 0x7f. */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*)$/

/** With these a request has a body, or wants to be answered in another way; the last is no name that an object can have. */
const unusual: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'expect',
  'te',
  'trailer',
  '__proto__',
])

/** What `Connection` may say; each is answered by name. */
const connections: ReadonlyMap<string, Pick<PlainHead, 'upgrade' | 'keep'>> = new Map([
  ['', { upgrade: false, keep: true }],
  ['keep-alive', { upgrade: false, keep: true }],
  ['close', { upgrade: false, keep: false }],
  ['upgrade', { upgrade: true, keep: false }],
  ['keep-alive, upgrade', { upgrade: true, keep: false }],
])

/**
 * The head of a GET of HTTP/1.1 (RFC 9112) when `bytes` are exactly one, without a body, and nothing in it is repeated,
 * obsolete or rare; undefined otherwise: what that is, and how it is refused, a complete parser has to say.
 */
export function plainHead(bytes: Buffer): PlainHead | undefined {
  const size = bytes.length
  if (size > largestHead || bytes.indexOf('\r\n\r\n') !== size - 4) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, size - 4).split('\r\n')
  const target = requestLine.exec(first)?.[1]
  const headers = lines.length <= mostFields ? fields(lines) : undefined
  if (target === undefined || headers?.['host'] === undefined) return undefined
  const connection = connections.get(headers['connection']?.toLowerCase() ?? '')
  if (connection?.upgrade !== (headers['upgrade']?.toLowerCase() === 'websocket')) return undefined
  if (!connection.upgrade && headers['upgrade'] !== undefined) return undefined
  return { target, headers, ...connection }
}

function fields(lines: readonly string[]): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, written = '', value = ''] = fieldLine.exec(line) ?? []
    const name = written.toLowerCase()
    if (name === '' || name in headers || unusual.has(name)) return undefined
    headers[name] = value.trimEnd()
  }
  return headers
}
