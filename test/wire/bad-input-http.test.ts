import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { postOf, raw, refusal, start } from './start.ts'

const good = { channel: 'open/1', data: 1 }

test.each([
  ['', '400 bad-json'],
  ['{', '400 bad-json'],
  ['nonsense', '400 bad-json'],
  ['null', '400 bad-message'],
  ['7', '400 bad-message'],
  ['[]', '400 bad-message'],
  ['[[]]', '400 bad-message'],
  ['{}', '400 bad-channel'],
  ['{"channel":"open/1"}', '400 bad-message'],
  ['{"channel":7,"data":1}', '400 bad-channel'],
  ['{"channel":"open/*","data":1}', '400 bad-channel'],
  ['{"channel":"open/1","data":1,"event":""}', '400 bad-message'],
  ['{"channel":"open/1","data":1,"event":"a\\nb"}', '400 bad-message'],
  ['{"channel":"open/1","data":1,"key":7}', '400 bad-message'],
  ['{"channel":"open/1","data":"%","encoding":"base64"}', '400 bad-message'],
  ['{"channel":"open/1","data":null,"removed":true}', '400 bad-message'],
  [`{"channel":"open/1","data":${'['.repeat(64)}${']'.repeat(64)}}`, '400 too-deep'],
  [JSON.stringify({ channel: 'open/1', data: 'x'.repeat(65_536) }), '413 too-large'],
  [JSON.stringify({ channel: `open/${'x'.repeat(255)}`, data: 1 }), '400 bad-channel'],
  [JSON.stringify(Array.from({ length: 101 }, () => good)), '400 too-many-entries'],
  [JSON.stringify([good, { channel: 'signals/1', data: 1 }]), '400 bad-message'],
])('[4.2] [9.1] C38 publishing %.60s is %s, and the next publish is served', async (body, expected) => {
  const { url, wire, faults } = await start()
  expect(await refusal(await fetch(`${url}/wire/publish`, postOf(body)))).toBe(expected)
  expect((await fetch(`${url}/wire/publish`, postOf(good))).status).toBe(200)
  expect((await wire.history('open/1')).messages).toHaveLength(1)
  expect(faults.found).toEqual([])
})

test('[1.1] a channel name is 1 to 255 bytes of UTF-8, whatever its characters', async () => {
  const { url } = await start()
  for (const channel of ['open/🐕', 'open/ünïcode', `open/${'x'.repeat(250)}`]) {
    expect((await fetch(`${url}/wire/publish`, postOf({ channel, data: 1 }))).status).toBe(200)
    const history = await fetch(`${url}/wire/history?channel=${encodeURIComponent(channel)}`)
    expect(await history.json()).toMatchObject({ messages: [{ channel }] })
  }
  for (const channel of ['open/\u0000', ' open/1', `open/${'ü'.repeat(126)}`, 'open/\ud800']) {
    const body = JSON.stringify({ channel, data: 1 })
    expect(await refusal(await fetch(`${url}/wire/publish`, postOf(body)))).toBe('400 bad-channel')
  }
})

test('C38 [9.1] half a UTF-8 character is bad-utf8, in the body and in the URL', async () => {
  const { url } = await start()
  const body = Buffer.concat([
    Buffer.from('{"channel":"open/1","data":"'),
    Buffer.of(0xf0, 0x9f),
    Buffer.from('"}'),
  ])
  const response = await fetch(`${url}/wire/publish`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect(await refusal(response)).toBe('400 bad-utf8')
  expect(await refusal(await fetch(`${url}/wire/history?channel=open/%f0%9f`))).toBe('400 bad-utf8')
})

test('C19 an emoji whose bytes come in two pieces is one emoji', async () => {
  const { url, port, wire } = await start()
  const body = Buffer.from('{"channel":"open/1","data":"🐕"}')
  const head = `POST /wire/publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, -4)]))
  // A round trip later the server has taken in the first piece.
  await fetch(`${url}/healthz`)
  socket.write(body.subarray(-4))
  socket.resume()
  await once(socket, 'close')
  expect((await wire.history('open/1')).messages).toMatchObject([{ data: '🐕' }])
})

test('[9.1] a body over the limit is refused, however it is announced, and the connection goes on', async () => {
  const { url, port } = await start({ limits: { batch: 1, messageBytes: 1_000 } })
  const large = postOf({ channel: 'open/1', data: 'x'.repeat(2_000) })
  expect(await refusal(await fetch(`${url}/wire/publish`, large))).toBe('413 too-large')
  const chunk = 'x'.repeat(2_000)
  const answers = await raw(
    port,
    'POST /wire/publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
    'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
  )
  expect(answers).toContain('"code":"too-large"')
  expect(answers).toContain('{"status":"ok"}')
})

test('[7.1] [9.2] a target over 4 KiB is 414 and says to use POST', async () => {
  const { url } = await start()
  const response = await fetch(`${url}/wire/history?channel=open/1&x=${'x'.repeat(4_096)}`)
  expect(await response.clone().text()).toContain('POST')
  expect(await refusal(response)).toBe('414 uri-too-long')
})

test('[9.1] a body that does not come is answered timeout', async () => {
  const { port } = await start({ limits: { requestMs: 30 } })
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  socket.write(
    'POST /wire/publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
  )
  const [answer] = await once(socket, 'data')
  socket.destroy()
  expect(answer).toMatch(/^HTTP\/1\.1 504 .*"code":"timeout"/s)
})

test('C38 bytes that are no HTTP end their connection and nothing else', async () => {
  const { url, port, faults } = await start()
  expect(await raw(port, '\u0016\u0003\u0001\u0002 garbage\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  expect(await raw(port, `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(faults.found).toEqual([])
})

test('a client that goes in the middle of its body or before its answer is no fault of the server', async () => {
  const { url, wire, port, faults } = await start()
  const { promise: asked, resolve: begun } = Promise.withResolvers<void>()
  const { promise: gone, resolve: answer } = Promise.withResolvers<void>()
  wire.handle('open/*', 'wait', async () => {
    begun()
    await gone
  })
  const cut = connect(port, '127.0.0.1')
  cut.write(
    'POST /wire/publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  )
  const early = connect(port, '127.0.0.1')
  const body = '{"channel":"open/1","event":"wait"}'
  early.write(
    `POST /wire/request HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await asked
  cut.resetAndDestroy()
  early.resetAndDestroy()
  await Promise.all([once(cut, 'close'), once(early, 'close')])
  answer()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(faults.found).toEqual([])
})

test('data named __proto__ reaches no prototype', async () => {
  const { url, wire } = await start()
  const body = '{"channel":"open/1","data":{"__proto__":{"polluted":1},"a":1},"__proto__":{"channel":"x"}}'
  expect((await fetch(`${url}/wire/publish`, postOf(body))).status).toBe(200)
  expect((await wire.history('open/1')).messages).toMatchObject([{ data: { a: 1 } }])
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})
