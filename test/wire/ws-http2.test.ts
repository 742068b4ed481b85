import { once } from 'node:events'
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { everwire, type EverwireOptions } from '../../src/index.ts'
import { chaosProxy } from '../support/chaos-proxy.ts'
import { localhost } from '../support/localhost.ts'
import { Client, clientFrame } from '../support/wire.ts'

/** A server of TLS, behind a proxy that counts its connections. */
async function openTls(options: EverwireOptions = {}) {
  const wire = everwire({ dev: true, ...options })
  onTestFinished(() => wire.close())
  const { port } = await wire.listen(0, '127.0.0.1', localhost)
  const proxy = await chaosProxy(() => port)
  onTestFinished(() => proxy.close())
  const base = `https://localhost:${new URL(proxy.url).port}/wire`
  const dispatcher = (allowH2: boolean) => {
    const agent = new Agent({
      allowH2,
      connect: { ca: localhost.cert, host: '127.0.0.1', servername: 'localhost' },
    })
    onTestFinished(() => agent.destroy())
    return { dispatcher: agent }
  }
  return { wire, port, proxy, base, dispatcher }
}

function openSession(port: number): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, { ca: localhost.cert, host: '127.0.0.1' })
  onTestFinished(() => session.destroy())
  return session
}

/** An extended CONNECT; `status` is what answers it. */
function openStream(session: ClientHttp2Session, headers: Record<string, string> = {}) {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/wire/ws',
    'sec-websocket-version': '13',
    ...headers,
  })
  let received = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
  stream.on('error', () => {})
  const head = once(stream, 'response').then(([found]) => found as Record<string, unknown>)
  const ended = once(stream, 'end').then(() => received.toString('latin1'))
  return { stream, head, ended, received: () => received.toString('latin1') }
}

test('C34 [6.1] WebSockets share one HTTP/2 connection, and each gets everything in order, large and small', async () => {
  const { wire, base, proxy, dispatcher } = await openTls()
  const init = dispatcher(true)
  const clients = [await Client.open(base, '/ws', init)]
  while (clients.length < 10) clients.push(await Client.open(base, '/ws', init))
  for (const client of clients) await client.subscribe('a')
  const sizes = Array.from({ length: 300 }, (_, n) => (n % 50 === 0 ? 60_000 : n))
  for (const size of sizes)
    clients[0]?.say({ type: 'publish', channel: 'a', event: 'e', data: 'x'.repeat(size) })
  for (const client of clients) {
    const got = await client.data(sizes.length)
    expect(got.map((data) => String(data).length)).toEqual(sizes)
  }
  expect(proxy.accepted).toBe(1)
  expect(await wire.stats()).toMatchObject({ connections: 10 })
})

test('C34 [6.1] those who speak HTTP/1.1 have WebSockets over TLS on the same port', async () => {
  const { wire, base, proxy, dispatcher } = await openTls()
  const [http1, http2] = [dispatcher(false), dispatcher(true)]
  const clients = [await Client.open(base, '/ws', http1), await Client.open(base, '/ws', http2)]
  for (const client of clients) await client.subscribe('a')
  await wire.publish('a', 'e', 'hello')
  for (const client of clients) expect(await client.data(1)).toEqual(['hello'])
  expect(proxy.accepted).toBe(2)
})

test('[6.1] [6.2] what is no handshake is told so, without headers that HTTP/2 forbids', async () => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const { port, wire } = await openTls()
  const session = openSession(port)
  const plain = session.request({ ':path': '/wire/ws' })
  expect((await once(plain, 'response'))[0]).toMatchObject({ ':status': 426 })
  plain.close()
  expect(await openStream(session, { 'sec-websocket-version': '8' }).head).toMatchObject({
    ':status': 426,
    'sec-websocket-version': '13',
  })
  expect(await openStream(session, { origin: 'https://evil.example' }).head).toMatchObject({ ':status': 403 })
  expect(await openStream(session, { ':path': '/elsewhere' }).head).toMatchObject({ ':status': 405 })
  expect(await openStream(session, { ':protocol': 'connect-udp' }).head).toMatchObject({ ':status': 405 })
  expect((await wire.stats()).refused).toMatchObject({ 'upgrade-required': 2, 'forbidden-origin': 1 })
  expect(await openStream(session).head).toMatchObject({ ':status': 200 })
  expect(warnings.filter(({ name }) => name !== 'ExperimentalWarning')).toEqual([])
})

test('[6.2] the first of the offered subprotocols is taken, as over HTTP/1.1', async () => {
  const { port } = await openTls()
  const { head } = openStream(openSession(port), { 'sec-websocket-protocol': 'one, two' })
  expect(await head).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'one' })
})

test('C38 [6.4] a ping is answered; what is no frame ends its stream with a reason, and no other', async () => {
  const { port, wire } = await openTls()
  const session = openSession(port)
  const [bad, good] = [openStream(session), openStream(session)]
  await Promise.all([bad.head, good.head])
  good.stream.write(clientFrame(0x9, 'are you there'))
  await expect.poll(good.received).toContain('\x8a\x0dare you there')
  bad.stream.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
  expect(await bad.ended).toContain('bad-message: not a frame of RFC 6455')
  bad.stream.close()
  good.stream.write(clientFrame(0x1, JSON.stringify({ type: 'subscribe', channel: 'a' })))
  await expect.poll(good.received).toContain('"subscribed"')
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
})

test('C14 a stream that is cancelled, and a connection that is cut, leave nothing behind', async () => {
  const { port, wire } = await openTls()
  const session = openSession(port)
  const [one, two] = [openStream(session), openStream(session)]
  await Promise.all([one.head, two.head])
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 2 })
  one.stream.close(constants.NGHTTP2_CANCEL)
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
  session.destroy()
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 0, channels: 0 })
})

test('C77 a reader that stands still stops nobody on its connection, and then gets everything', async () => {
  const { port, wire } = await openTls()
  const session = openSession(port)
  const path = { ':path': '/wire/ws?channel=a' }
  const [slow, quick] = [openStream(session, path), openStream(session, path)]
  await Promise.all([slow.head, quick.head])
  await expect.poll(slow.received).toContain('"subscribed"')
  await expect.poll(quick.received).toContain('"subscribed"')
  slow.stream.pause()
  const count = 100
  for (let n = 0; n < count; n++) await wire.publish('a', 'e', { n, pad: 'x'.repeat(8_000) })
  const numbers = (text: string) => [...text.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n))
  const all = Array.from({ length: count }, (_, n) => n)
  await expect.poll(() => numbers(quick.received())).toEqual(all)
  expect(numbers(slow.received()).length).toBeLessThan(count)
  slow.stream.resume()
  await expect.poll(() => numbers(slow.received())).toEqual(all)
})

test('a server that goes away tells both kinds, and waits neither for idle connections nor for silent ones', async () => {
  const { port, wire, base, dispatcher } = await openTls()
  const clients = await Promise.all([true, false].map((h2) => Client.open(base, '/ws', dispatcher(h2))))
  const idle = openSession(port)
  await once(idle, 'remoteSettings')
  const silent = connectTls({ port, host: '127.0.0.1', ca: localhost.cert, servername: 'localhost' })
  await once(silent, 'secureConnect')
  silent.resume()
  const gone = Promise.all([once(idle, 'close'), once(silent, 'close')])
  await wire.close()
  for (const client of clients) expect(await client.closed).toMatchObject({ code: 4512 })
  await gone
})

test('what is no certificate is said before anything listens', async () => {
  const wire = everwire({ dev: true })
  onTestFinished(() => wire.close())
  await expect(wire.listen(0, '127.0.0.1', { cert: 'x', key: 'y' })).rejects.toThrow(/PEM/)
})
