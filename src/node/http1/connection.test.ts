import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Exchange } from '../../server/exchange.ts'
import { defaultLimits } from '../../session/limits.ts'
import { nodeClock } from '../clock.ts'
import { OwnServer } from '../listen.ts'
import { SocketAcceptor } from '../socket.ts'

const stallMs = 1_000
/** More than the system takes of one answer. */
const large = Buffer.alloc(32 * 1024 * 1024, 'x')
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** A server that answers so, and a client of it that has asked; what is left of connections is asked with `open`. */
async function asked(
  serve: (exchange: Exchange) => void,
): Promise<{ client: Socket; open: () => Promise<number> }> {
  const limits = { ...defaultLimits, stallMs }
  const own = new OwnServer(limits, undefined)
  const sockets = new SocketAcceptor(limits, false, nodeClock)
  own.take({ find: (path) => ({ path, serve }) }, { limits, clock: nodeClock, sockets, leaving: () => false })
  const { port } = await own.listen(0, '127.0.0.1')
  onTestFinished(() => own.close(0))
  const client = connect(port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  client.on('error', () => {})
  await once(client, 'connect')
  client.write(get)
  return { client, open: promisify(own.server.getConnections.bind(own.server)) }
}

test.each<[string, (exchange: Exchange) => void]>([
  ['an answer', (exchange) => exchange.answer(200, {}, large)],
  [
    'a stream that ends',
    (exchange) => {
      const link = exchange.stream(200, {})
      link.send(large)
      link.end()
    },
  ],
])('whoever does not take %s is cut', async (_name, serve) => {
  const { client, open } = await asked(serve)
  client.pause()
  await expect.poll(() => open()).toBe(1)
  await expect.poll(() => open(), { timeout: 10_000 }).toBe(0)
})

test('whoever takes an answer slowly gets all of it, and is heard again', async () => {
  const bytes = large.subarray(0, 16 * 1024 * 1024)
  // The system takes more from the server only when a third of what it holds has left: that is far from a stall.
  const bytesPerMs = bytes.length / (2.5 * stallMs)
  const { client } = await asked((exchange) => exchange.answer(200, {}, bytes))
  const began = performance.now()
  let got = 0
  const twice = new Promise<void>((resolve, reject) => {
    client.on('close', () => reject(new Error('the connection was cut')))
    client.on('data', (chunk) => {
      const before = got
      got += chunk.length
      if (before < bytes.length && got >= bytes.length) client.write(get)
      if (got >= 2 * bytes.length) return resolve()
      const aheadMs = got / bytesPerMs - (performance.now() - began)
      if (before >= bytes.length || aheadMs <= 0) return
      client.pause()
      setTimeout(() => client.resume(), aheadMs)
    })
  })
  await twice
  expect(performance.now() - began).toBeGreaterThan(2 * stallMs)
})

test('an answer with a field that would begin another is refused as node:http does', async () => {
  const thrown: unknown[] = []
  const { client } = await asked((exchange) => {
    try {
      exchange.answer(200, { 'x-a': 'b\r\nx-c: d' }, '')
    } catch (error) {
      thrown.push(error)
      exchange.answer(500, {}, 'no')
    }
  })
  const [answer] = await once(client, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n.*\r\n\r\nno$/s)
  expect(thrown).toMatchObject([{ code: 'ERR_INVALID_CHAR' }])
})

test('several who ask when a connection is over are all told, once', async () => {
  let told = 0
  const { client } = await asked((exchange) => {
    exchange.hold({ gone: () => told++ })
    const link = exchange.stream(200, {})
    link.listen({ drained() {}, closed: () => told++ })
    link.send(Buffer.from('2\r\nok\r\n'))
  })
  await once(client, 'data')
  client.resetAndDestroy()
  await expect.poll(() => told).toBe(2)
})
