import { connect, constants, createSecureServer, type ClientHttp2Session } from 'node:http2'
import { createGunzip } from 'node:zlib'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { everwire, type EverwireOptions } from '../../src/index.ts'
import { localhost } from '../support/localhost.ts'
import { listening } from '../support/port.ts'
import { Queue } from '../support/queue.ts'

async function openHttp2(options: EverwireOptions = {}) {
  const server = createSecureServer(localhost)
  const wire = everwire({ dev: true, ...options })
  wire.attach(server)
  const session = connect(`https://localhost:${await listening(server)}`, {
    ca: localhost.cert,
    host: '127.0.0.1',
  })
  onTestFinished(async () => {
    session.destroy()
    await wire.close()
    server.close()
  })
  return { wire, session }
}

/** One stream of the connection, read by an independent parser. */
function openStream(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}) {
  const events = new Queue<EventSourceMessage>()
  const stream = session.request({ ':path': path, ...headers })
  const head = new Promise<Readonly<Record<string, unknown>>>((resolve) => stream.once('response', resolve))
  const parser = createParser({ onEvent: (event) => events.push(event) })
  const decoder = new TextDecoder()
  void head.then((found) => {
    const body = found['content-encoding'] === 'gzip' ? stream.pipe(createGunzip()) : stream
    body.on('data', (chunk: Buffer) => parser.feed(decoder.decode(chunk, { stream: true })))
    body.once('end', () => events.end('the stream has ended'))
  })
  return { stream, head, events }
}

test('C22 C3 20 event streams live over one HTTP/2 connection, without Connection and without a warning', async () => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const { wire, session } = await openHttp2()
  const streams = Array.from({ length: 20 }, (_, i) =>
    openStream(session, `/wire/sse?channel=all&channel=${i}`),
  )
  for (const { head, events } of streams) {
    expect(await head).toMatchObject({ ':status': 200, 'cache-control': 'no-cache, no-transform' })
    expect(await head).not.toHaveProperty('connection')
    expect((await events.next()).event).toBe('connected')
  }
  for (let i = 0; i < 50; i++) await wire.publish('all', 'n', { i, pad: 'x'.repeat(3_000) })
  for (const { events } of streams) {
    const got = (await events.take(50)).map(({ data }) => JSON.parse(data).data.i)
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => i))
  }
  expect(warnings.filter(({ name }) => name !== 'ExperimentalWarning')).toEqual([])
})

test('C14 a stream that is cancelled leaves nothing behind', async () => {
  const { wire, session } = await openHttp2()
  const { stream, events } = openStream(session, '/wire/sse?channel=a')
  await events.next()
  expect(await wire.stats()).toMatchObject({ connections: 1 })
  stream.close(constants.NGHTTP2_CANCEL)
  await expect.poll(() => wire.stats()).toMatchObject({ connections: 0, channels: 0 })
})

test('C17 [7.7] compressed streams end cleanly when the server goes away', async () => {
  const { wire, session } = await openHttp2({ compression: true })
  const { head, events } = openStream(session, '/wire/sse?channel=a', { 'accept-encoding': 'gzip' })
  expect(await head).toMatchObject({ 'content-encoding': 'gzip' })
  await events.next()
  await wire.publish('a', 'n', 'x'.repeat(2_000))
  expect((await events.next()).data).toBe(`"${'x'.repeat(2_000)}"`)
  await wire.close()
  expect((await events.next()).event).toBe('error')
  await expect(events.next()).rejects.toThrow('ended')
})
