import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { once } from 'node:events'
import { connect } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { portOf } from '../support/port.ts'
import { listen, openRules, postOf, raw } from './start.ts'

function newWire() {
  const wire = everwire({ channels: openRules })
  onTestFinished(() => wire.close())
  return wire
}

/** Everwire answers under its base, the application everywhere else. */
async function expectBoth(url: string): Promise<void> {
  const published = await fetch(`${url}/wire/publish`, postOf({ channel: 'open/1', data: 1 }))
  expect(published.status).toBe(200)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  for (const path of ['/', '/wire', '/wired', '/wir']) {
    const response = await fetch(url + path)
    expect([path, await response.text()]).toEqual([path, 'the application'])
  }
}

test('C66 mounts in an Express app in one line, whatever middleware it has', async () => {
  const app = express()
  app.use(express.json())
  app.use((_request, response) => void response.send('the application'))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  newWire().attach(server, '/wire')
  await expectBoth(`http://127.0.0.1:${portOf(server)}`)
})

test('C66 mounts in a Fastify app in one line', async () => {
  const app = fastify()
  app.setNotFoundHandler((_request, reply) => reply.code(200).send('the application'))
  newWire().attach(app.server, '/wire')
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  await expectBoth(url)
})

test('C66 mounts in a Hono app in one line', async () => {
  const app = new Hono().all('*', (c) => c.text('the application'))
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
  onTestFinished(() => void server.close())
  newWire().attach(server, '/wire')
  await expectBoth(`http://127.0.0.1:${await promise}`)
})

test('C66 mounts in a server of node:http in one line, before or after its listeners', async () => {
  const application = createServer((_request, response) => response.end('the application'))
  newWire().attach(application, '/wire')
  await expectBoth(await listen(application))
  const late = createServer()
  newWire().attach(late, '/wire')
  late.on('request', (_request, response) => response.end('the application'))
  await expectBoth(await listen(late))
})

test('C66 [8.9] a server without an application answers 404 elsewhere, and with several bases each serves its own', async () => {
  const server = createServer()
  const one = newWire().attach(server, '/one')
  const two = newWire().attach(server, '/two/')
  const url = await listen(server)
  expect((await fetch(`${url}/other`)).status).toBe(404)
  await fetch(`${url}/one/publish`, postOf({ channel: 'open/1', data: 1 }))
  await fetch(`${url}/two/publish`, postOf({ channel: 'open/1', data: 2 }))
  expect((await one.history('open/1')).messages).toMatchObject([{ data: 1 }])
  expect((await two.history('open/1')).messages).toMatchObject([{ data: 2 }])
})

test('C66 mounts in a server of node:http2', async () => {
  const server = createHttp2Server()
  newWire().attach(server, '/wire')
  server.on('request', (_request, response) => response.end('the application'))
  const url = await listen(server)
  const session = connectHttp2(url)
  onTestFinished(() => session.destroy())
  const ask = async (headers: Record<string, string>, body?: string) => {
    const stream = session.request(headers)
    stream.setEncoding('utf8')
    stream.end(body)
    let text = ''
    for await (const piece of stream) text += String(piece)
    return text
  }
  const published = await ask(
    { ':method': 'POST', ':path': '/wire/publish', 'content-type': 'application/json' },
    '{"channel":"open/1","data":1}',
  )
  expect(published).toMatch(/^\{"id":"1-/)
  expect(await ask({ ':path': '/wire/history?channel=open/1' })).toContain('"data":1')
  expect(await ask({ ':path': '/' })).toBe('the application')
})

test('an upgrade that nobody wants reaches the application as a plain request, with its body', async () => {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (data) => (text += String(data)))
    request.on('end', () => response.end(`got ${text}`))
  })
  newWire().attach(server, '/wire')
  await listen(server)
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\ncontent-type: application/json\r\n`
  const body = '{"channel":"open/1","data":1}'
  const length = `content-length: ${body.length}\r\n\r\n`
  expect(await raw(portOf(server), head('/app'), length, body)).toContain(`got ${body}`)
  expect(await raw(portOf(server), head('/wire/publish'), length, body)).toContain('"id":"1-')
})

test('upgrades of the application reach its own listener', async () => {
  const server = createServer()
  newWire().attach(server, '/wire')
  server.on('upgrade', (_request, socket) => socket.end('mine'))
  await listen(server)
  const upgrade = 'GET /hmr HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
  expect(await raw(portOf(server), upgrade)).toBe('mine')
})

test('a client that waits for 100-continue is told to go on', async () => {
  const server = createServer()
  newWire().attach(server, '/wire')
  await listen(server)
  const body = '{"channel":"open/1","data":1}'
  const socket = connect(portOf(server), '127.0.0.1')
  socket.setEncoding('utf8')
  socket.write(
    `POST /wire/publish HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
  )
  const [first] = await once(socket, 'data')
  expect(first).toMatch(/^HTTP\/1\.1 100 /)
  socket.write(body)
  const [second] = await once(socket, 'data')
  expect(second).toMatch(/^HTTP\/1\.1 200 /)
})
