import fc from 'fast-check'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { portOf } from '../support/port.ts'
import { RawClient } from '../support/wire.ts'
import { listen, openRules, start } from '../wire/start.ts'

const request = (line: string, fields = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n${body}`
const json = 'Content-Type: application/json\r\n'
const publish = '{"channel":"open/1","data":"\r\n\r\n"}'
const requests = [
  request('GET /healthz'),
  request('GET /wire/poll?channel=open/1', 'Cookie: a=1\r\n'),
  request('GET /wire/nothing?GET=/'),
  request('GET /elsewhere'),
  request('HEAD /healthz'),
  request('OPTIONS /wire/publish'),
  request('PUT /wire/publish', 'Content-Length: 2\r\n', '{}'),
  request('POST /wire/publish', `${json}Content-Length: ${publish.length}\r\n`, publish),
  request('POST /wire/publish', `${json}Transfer-Encoding: chunked\r\n`, '2\r\n{}\r\n0\r\n\r\n'),
  request('POST /wire/publish', `${json}Content-Length: 0\r\n`),
  request('GET /healthz', 'Content-Length: 3\r\n', 'abc'),
  request('GET /healthz', 'X-A: 1\r\nX-A: 2\r\n'),
  request('GET /healthz', 'X-Umlaut: \xe4\r\n'),
]
const last = [
  request('GET /healthz', 'Connection: close\r\n'),
  request('POST /wire/publish', `${json}Connection: close\r\nContent-Length: 2\r\n`, '{}'),
]
// Whether node:http says so depends on whether it has just answered something else.
const malformed = [
  'GET /healthz HTTP/1.1\r\n\r\n',
  request('GET /healthz', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', 'x'),
  request('GET /healthz', 'X: a\nb\r\n'),
  'GET /healthz\r\n\r\n',
]

/** All that a server says to these pieces until it ends the connection, without what differs from one to the next. */
async function said(port: number, pieces: readonly string[]): Promise<readonly string[]> {
  const client = new RawClient(port)
  client.socket.setNoDelay()
  for (const piece of pieces) {
    client.socket.write(piece, 'latin1')
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (!client.socket.closed) await once(client.socket, 'close')
  const lines = client.received
    .toString('latin1')
    .replaceAll(/\b\d+-[0-9a-z]{8,}/g, '-')
    .split('\r\n')
  return lines
    .filter((line) => !/^date:/i.test(line))
    .map((line) => line.replace(/^[\w-]+:/, (name) => name.toLowerCase()))
}

/** The text in pieces that end at these places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const ends = [...new Set([...places.map((place) => place % text.length), text.length])].sort(
    (a, b) => a - b,
  )
  return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end)).filter((piece) => piece !== '')
}

test(
  'whatever a connection says, and in whatever pieces, is answered as by node:http',
  { timeout: 60_000 },
  async () => {
    const { port } = await start()
    const attached = everwire({ channels: openRules })
    // As a server of our own has it.
    const server = createServer({ keepAliveTimeout: 65_000 })
    attached.attach(server)
    await listen(server)
    const texts = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(
          fc.array(fc.constantFrom(...requests), { maxLength: 4 }),
          fc.constantFrom(...last),
        ),
      },
      fc.tuple(fc.constant<string[]>([]), fc.constantFrom(...malformed)),
    )
    const story = fc.tuple(texts, fc.array(fc.nat(), { maxLength: 4 }), fc.boolean())
    await fc.assert(
      fc.asyncProperty(story, async ([[asked, end], places, whole]) => {
        const text = [...asked, end]
        const pieces = whole ? text : cut(text.join(''), places)
        // Fields stand in another order.
        const [here, there] = await Promise.all([said(port, pieces), said(portOf(server), pieces)])
        expect(here.toSorted()).toEqual(there.toSorted())
        expect(here.filter((line) => /^HTTP|^\{/.test(line))).toEqual(
          there.filter((line) => /^HTTP|^\{/.test(line)),
        )
      }),
      { numRuns: 300 },
    )
    await attached.close()
    server.closeAllConnections()
  },
)
