import { connect } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { start } from './start.ts'

const requests = [
  'POST /wire/publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 31\r\n\r\n{"channel":"open/1","data":"a"}',
  'GET /wire/history?channel=open/1&limit=2&after=earliest HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET /wire/sse?channel=open/1&channel=open/2&last=3 HTTP/1.1\r\nhost: x\r\nlast-event-id: 1-aaaaaaaaaaaa\r\n\r\n',
  'GET /wire/poll?channel=open/1&wait=0 HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET /wire/ws?channel=open/1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x05hello',
  'POST /wire/presence HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1f\r\n{"channel":"open/1","action":1}\r\n0\r\n\r\n',
]

/** A request with some bytes replaced, or put in, or cut off. */
const mangled = fc
  .record({
    request: fc.constantFrom(...requests),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat(3),
        put: fc.uint8Array({ maxLength: 4 }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ request, edits }) => {
    let bytes = Buffer.from(request, 'latin1')
    for (const { at, cut, put } of edits) {
      const place = Math.floor(at * bytes.length)
      bytes = Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + cut)])
    }
    return bytes
  })

/** Sends the bytes and ends, as a client that has said all; fulfilled when the connection is over. */
function send(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, () => socket.destroySoon()))
    socket.resume().on('error', () => {})
    socket.once('close', () => resolve())
  })
}

test('C38 no bytes end the process, whatever they are, nor are they a fault of the server', async () => {
  const { url, port, faults } = await start()
  const seed = Number(process.env['SEED'] ?? Date.now())
  await fc.assert(
    fc.asyncProperty(fc.oneof(mangled, fc.uint8Array({ maxLength: 400 })), async (bytes) => {
      await send(port, bytes)
    }),
    { numRuns: 300, seed },
  )
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(faults.found, `SEED=${seed}`).toEqual([])
})

test('a client that never ends its headers is let go', async () => {
  const { port } = await start({ limits: { headersMs: 10 } })
  const text = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n'))
    let got = ''
    socket.setEncoding('utf8').on('data', (data) => (got += String(data)))
    socket.once('close', () => resolve(got))
  })
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
})
