import fc from 'fast-check'
import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { plainRequest } from './request.ts'

/** The requests that node:http finds in these bytes. */
function asNode(bytes: Buffer): readonly IncomingMessage[] {
  const found: IncomingMessage[] = []
  const taken = (request: IncomingMessage) => void found.push(request)
  const server = createServer(taken).on('upgrade', taken)
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  socket.on('error', () => {})
  server.emit('connection', socket)
  socket.emit('data', bytes)
  socket.destroy()
  return found
}

const plainFields = [
  'Accept: text/event-stream',
  'accept-encoding:gzip, br',
  'Cookie: a=1; b="2"',
  'Authorization: Bearer abc.def',
  'X-Empty:',
  'X-Tab:\ta\tb \t',
  'Connection: keep-alive',
  'Connection: close',
  'Last-Event-ID: 1-abc',
]
const rareFields = [
  '__proto__: x',
  'Content-Length: 03',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  ' folded: line',
  'Expect: 100-continue',
  'Host: b',
  'X-Umlaut: \xe4',
  'X-Control: a\x01b',
  'X-Return: a\rb',
  'X-Line: a\nTransfer-Encoding: chunked',
  'no colon',
  ': no name',
  'na me: x',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket',
  'Upgrade: websocket',
  'Connection: Upgrade\r\nUpgrade: h2c',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c',
  'Connection: upgrade',
]
const line = fc.oneof(
  { weight: 6, arbitrary: fc.constant('GET /wire/sse?channel=a%2Fb&x=%F0 HTTP/1.1') },
  { weight: 6, arbitrary: fc.constant('POST /wire/publish HTTP/1.1') },
  fc.constantFrom(
    'GET / HTTP/1.1',
    'GET //x/../y#z HTTP/1.1',
    'GET /\xe4 HTTP/1.1',
    'GET  /two HTTP/1.1',
    'GET /x HTTP/1.0',
    'GET /x HTTP/2.0',
    'GET http://a/x HTTP/1.1',
    'GET * HTTP/1.1',
    'get /x HTTP/1.1',
    'PUT /x HTTP/1.1',
    'HEAD /x HTTP/1.1',
    'GET /x',
    '',
  ),
)
const fields = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...plainFields) }, fc.constantFrom(...rareFields)),
  { maxLength: 6 },
)
const host = fc.oneof({ weight: 9, arbitrary: fc.constant(['Host: a.example:1']) }, fc.constant<string[]>([]))
const end = fc.oneof(
  { weight: 9, arbitrary: fc.constant('\r\n\r\n') },
  fc.constantFrom('\r\n', '\n\n', '\r\n\r\n\0', '\r\n\r\n\r\n\r\n'),
)
const body = fc.constantFrom('', 'abc', '\xe4\n\0', 'GET / HTTP/1.1\r\n\r\n')
/** A body, and the field that tells its length: mostly truly. */
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ lengths: [], rest: '' }) },
  { weight: 4, arbitrary: body.map((rest) => ({ lengths: [`Content-Length: ${rest.length}`], rest })) },
  body.map((rest) => ({ lengths: ['content-length:3 '], rest })),
  body.map((rest) => ({ lengths: [], rest })),
)

test('what is called plain is what node:http makes of it, whole', () => {
  const plain = { GET: 0, POST: 0 }
  const given = fc.tuple(line, host, fields, end, payload)
  fc.assert(
    fc.property(given, ([first, hosts, others, last, { lengths, rest }]) => {
      const bytes = Buffer.from([first, ...hosts, ...others, ...lengths].join('\r\n') + last + rest, 'latin1')
      const found = plainRequest(bytes)
      if (!found) return
      plain[found.method]++
      const [request, ...more] = asNode(bytes)
      const { method, upgrade, target: url, headers } = found
      expect(request).toMatchObject({ method, httpVersion: '1.1', url, upgrade, complete: true })
      expect({ ...request?.headers }).toEqual({ ...headers })
      expect(String(request?.read() ?? '')).toBe(String(found.body))
      expect(more).toEqual([])
      expect(found.keep).toBe(!upgrade && headers['connection'] !== 'close')
    }),
    { numRuns: 6_000 },
  )
  expect(plain.GET).toBeGreaterThan(200)
  expect(plain.POST).toBeGreaterThan(100)
})

test.each(rareFields.filter((each) => !/: Upgrade\r\nUpgrade: web|, Upgrade\r\nUpgrade: Web/.test(each)))(
  '%j is left to node:http',
  (field) => {
    const head = (extra: string) => Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`, 'latin1')
    expect(plainRequest(head(''))).toMatchObject({ target: '/x', headers: { host: 'a' }, keep: true })
    expect(plainRequest(head(`${field}\r\n`))).toBeUndefined()
  },
)

test('a head that is too long, or has too many fields, is left to node:http', () => {
  const head = (extra: string) => plainRequest(Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`))
  expect(head(`X: ${'y'.repeat(8_000)}\r\n`)).toBeDefined()
  expect(head(`X: ${'y'.repeat(8_200)}\r\n`)).toBeUndefined()
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X${i}: y\r\n`).join('')
  expect(head(many(63))).toBeDefined()
  expect(head(many(64))).toBeUndefined()
})

test('a handshake is one with both of its fields', () => {
  const head = (extra: string) => plainRequest(Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`))
  expect(head('Connection: Upgrade\r\nUpgrade: websocket\r\n')).toMatchObject({ upgrade: true, keep: false })
  expect(head('connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n')).toMatchObject({ upgrade: true })
})

test('a head full of white space is refused in no time', () => {
  const spaces = Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\nX:${' \t'.repeat(4_000)}\x01\r\n\r\n`)
  // A pattern that tries the spaces in every way takes 70 ms for each, and so more than a minute.
  for (let i = 0; i < 1_000; i++) expect(plainRequest(spaces)).toBeUndefined()
})
