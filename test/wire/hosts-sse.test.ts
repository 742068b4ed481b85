import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { serve } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono, type Context } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { everwire, type Everwire } from '../../src/index.ts'
import { portOf } from '../support/port.ts'
import { listen, raw, refusal } from './start.ts'

function newWire(): Everwire {
  const wire = everwire({ channels: { 'pets/*': { subscribe: true } } })
  onTestFinished(() => wire.close())
  return wire
}

/** The stream of pet 123 at this path gets what is published, at once, and nothing of pet 124. */
async function expectStream(wire: Everwire, url: string): Promise<void> {
  const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  if (!response.body) throw new Error('a stream has a body')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const read = async () => (await reader.read()).value ?? ''
  expect(await read()).toContain('event: connected\n')
  await wire.publish('pets/124', 'statusChanged', { status: 'AVAILABLE' })
  const { id } = await wire.publish('pets/123', 'statusChanged', { status: 'ADOPTED' })
  expect(await read()).toBe(`event: statusChanged\nid: ${id}\ndata: {"status":"ADOPTED"}\n\n`)
  await reader.cancel()
}

test('C66 C81 C1 C2 an event stream is a route of Express, and compression() holds nothing back', async () => {
  const app = express()
  const wire = newWire()
  app.use(compression())
  app.get(
    '/v1/pets/:id/updates',
    wire.sse((request) => `pets/${request.params['id']}`),
  )
  await expectStream(wire, `${await listen(createServer(app))}/v1/pets/123/updates`)
})

test('C66 C1 an event stream is a route of Fastify', async () => {
  const app = fastify()
  const wire = newWire()
  app.get(
    '/v1/pets/:id/updates',
    wire.sse((request) => `pets/${request.params['id']}`),
  )
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  await expectStream(wire, `${url}/v1/pets/123/updates`)
})

test('C66 C1 an event stream is a route of Hono on Node', async () => {
  const wire = newWire()
  const app = new Hono()
  app.get(
    '/v1/pets/:id/updates',
    wire.sse((c: Context) => `pets/${c.req.param('id')}`),
  )
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
  onTestFinished(() => void server.close())
  await expectStream(wire, `http://127.0.0.1:${await promise}/v1/pets/123/updates`)
})

test('C66 C3 an event stream is a route of node:http, with keep-alive on HTTP/1.1 only', async () => {
  const wire = newWire()
  const server = createServer(wire.sse(() => 'pets/123'))
  const url = await listen(server)
  await expectStream(wire, `${url}/anything`)
  const head = await raw(portOf(server), 'HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 200 /)
})

test('C3 on HTTP/2 an event stream has no Connection header', async () => {
  const wire = newWire()
  const server = createHttp2Server()
  server.on(
    'request',
    wire.sse(() => 'pets/123'),
  )
  const session = connectHttp2(await listen(server))
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/' }).setEncoding('utf8')
  const [headers] = await once(stream, 'response')
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
  expect(headers).not.toHaveProperty('connection')
  const [connected] = await once(stream, 'data')
  expect(connected).toContain('event: connected\n')
  await wire.publish('pets/123', 'statusChanged', 1)
  const [event] = await once(stream, 'data')
  expect(event).toContain('data: 1\n')
  stream.close()
})

test('C22 twenty event streams live over one HTTP/2 connection', async () => {
  const wire = newWire()
  const server = createHttp2Server()
  server.on(
    'request',
    wire.sse(() => 'pets/123'),
  )
  const session = connectHttp2(await listen(server))
  onTestFinished(() => session.destroy())
  const streams = Array.from({ length: 20 }, () => session.request({ ':path': '/' }).setEncoding('utf8'))
  for (const [connected] of await Promise.all(streams.map((stream) => once(stream, 'data'))))
    expect(connected).toContain('event: connected\n')
  const received = streams.map((stream) => once(stream, 'data'))
  await wire.publish('pets/123', 'statusChanged', 1)
  for (const [event] of await Promise.all(received)) expect(event).toContain('data: 1\n')
})

test('C69 the rules of the channel hold for a route of its own', async () => {
  const wire = newWire()
  const app = express()
  app.get(
    '/:channel',
    wire.sse((request) => request.params['channel'] ?? ''),
  )
  const url = await listen(createServer(app))
  expect(await refusal(await fetch(`${url}/else`))).toBe('403 forbidden')
  expect(await refusal(await fetch(`${url}/a*`))).toBe('400 bad-channel')
})

test('[7.4] several channels, or envelope, give whole messages', async () => {
  const wire = newWire()
  const server = createServer(wire.sse(() => ['pets/1', 'pets/2']))
  const one = createServer(wire.sse(() => 'pets/1', { envelope: true }))
  for (const url of [await listen(server), await listen(one)]) {
    const response = await fetch(`${url}/?last=1`)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    await reader?.read()
    await wire.publish('pets/1', 'n', 1)
    const { value } = (await reader?.read()) ?? {}
    expect(value).toMatch(/^id: .*\ndata: \{"type":"message","channel":"pets\/1"/)
    await reader?.cancel()
  }
})

test('C14 [7.7] close ends a stream so that its client comes back, and then new ones are told to wait', async () => {
  const wire = newWire()
  const url = await listen(createServer(wire.sse(() => 'pets/123')))
  const response = await fetch(url)
  const text = response.text()
  while ((await wire.stats()).connections === 0) await new Promise(setImmediate)
  await wire.close()
  expect(await text).toContain('event: connected\n')
  expect((await wire.stats()).connections).toBe(0)
  const after = await fetch(url)
  expect(after.status).toBe(200)
  expect(await after.text()).toMatch(/^retry: \d+\nevent: error\ndata: .*"draining"/m)
})

test('a route of an unknown host says what it fits', () => {
  const route = newWire().sse(() => 'pets/123')
  expect(() => route({ params: {} }, {})).toThrow(/Express \(req, res\), Fastify/)
})
