import fc from 'fast-check'
import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { plainHead } from './head.ts'

/** What node:http makes of these bytes, and whether it waits for more of the same request. */
function asNode(bytes: Buffer): IncomingMessage | undefined {
  let found: IncomingMessage | undefined
  const taken = (request: IncomingMessage) => void (found = request)
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
  'Content-Length: 0',
  'Content-Length: 3',
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
    'POST /x HTTP/1.1',
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
  fc.constantFrom('\r\n', '\n\n', '\r\n\r\nGET / HTTP/1.1\r\n\r\n', '\r\n\r\n\0', '\r\n\r\n\r\n\r\n'),
)

test('a head that is called plain is what node:http makes of it, whole and without a body', () => {
  let plain = 0
  fc.assert(
    fc.property(line, host, fields, end, (first, hosts, rest, last) => {
      const bytes = Buffer.from([first, ...hosts, ...rest].join('\r\n') + last, 'latin1')
      const head = plainHead(bytes)
      if (!head) return
      plain++
      const request = asNode(bytes)
      expect(request).toMatchObject({
        method: 'GET',
        httpVersion: '1.1',
        url: head.target,
        upgrade: head.upgrade,
      })
      expect({ ...request?.headers }).toEqual({ ...head.headers })
      const asksToEnd = head.headers['connection'] === 'close'
      expect(head.keep).toBe(!head.upgrade && !asksToEnd)
      expect(request?.complete).toBe(true)
    }),
    { numRuns: 4_000 },
  )
  expect(plain).toBeGreaterThan(400)
})

test.each(rareFields.filter((each) => !/: Upgrade\r\nUpgrade: web|, Upgrade\r\nUpgrade: Web/.test(each)))(
  '%j is left to node:http',
  (field) => {
    const head = (extra: string) => Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`, 'latin1')
    expect(plainHead(head(''))).toMatchObject({ target: '/x', headers: { host: 'a' }, keep: true })
    expect(plainHead(head(`${field}\r\n`))).toBeUndefined()
  },
)

test('a head that is too long, or has too many fields, is left to node:http', () => {
  const head = (extra: string) => plainHead(Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`))
  expect(head(`X: ${'y'.repeat(8_000)}\r\n`)).toBeDefined()
  expect(head(`X: ${'y'.repeat(8_200)}\r\n`)).toBeUndefined()
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X${i}: y\r\n`).join('')
  expect(head(many(63))).toBeDefined()
  expect(head(many(64))).toBeUndefined()
})

test('a handshake is one with both of its fields', () => {
  const head = (extra: string) => plainHead(Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${extra}\r\n`))
  expect(head('Connection: Upgrade\r\nUpgrade: websocket\r\n')).toMatchObject({ upgrade: true, keep: false })
  expect(head('connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n')).toMatchObject({ upgrade: true })
})
