import { get } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { Agent, WebSocket } from 'undici'
import { afterAll, expect, test } from 'vitest'
import { recommended } from '../../src/cli/proxies/recommended.ts'
import type { Asking, EverwireOptions } from '../../src/index.ts'
import { pages } from '../docs/pages.ts'
import { endCommands, everwire } from '../cli/command.ts'
import { localhost } from '../support/localhost.ts'
import { Queue } from '../support/queue.ts'
import { configurations } from './configurations.ts'
import { idleS, type Place } from './launch.ts'
import { openOrigin } from './origin.ts'
import { proxyNames, unlessThere, type ProxyName } from './programs.ts'
import { startProxy } from './proxy.ts'

afterAll(endCommands)

const texts = new Map<string, Promise<string>>()

/** What the command prints, asked once; ports and folder are filled in afterwards. */
async function printed(proxy: ProxyName, { listen, origin, folder }: Place, secure = false): Promise<string> {
  const name = `${proxy} ${secure}`
  const text = texts.get(name) ?? print(proxy, secure)
  texts.set(name, text)
  return (await text)
    .replaceAll('11111', String(listen))
    .replaceAll('22222', String(origin))
    .replaceAll('/FOLDER', folder)
}

async function print(proxy: ProxyName, secure: boolean): Promise<string> {
  const where = ['--listen', '127.0.0.1:11111', '--upstream', '127.0.0.1:22222']
  const cert = ['--tls-cert', '/FOLDER/cert.pem']
  const key = proxy === 'haproxy' ? [] : ['--tls-key', '/FOLDER/key.pem']
  const { code, stdout, stderr } = await everwire([
    'proxy',
    proxy,
    ...where,
    ...(secure ? [...cert, ...key] : []),
  ])
  if (code !== 0) throw new Error(stderr)
  return stdout
}

const known = proxyNames.filter((proxy) => recommended.has(proxy))
const named = known.map((proxy) => ({ proxy, why: unlessThere(proxy) }))

test.concurrent.for(named)(
  'C33 C74 as printed for $proxy, the host stays by which a page knows it, so that only its own pages are admitted $why',
  async ({ proxy, why }, { expect, onTestFinished, skip }) => {
    skip(why !== '')
    const clients: unknown[] = []
    const { port, end } = await placed({
      proxy,
      dev: false,
      channels: { '*': { subscribe: true } },
      authenticate: ({ headers }: Asking) =>
        void clients.push([headers['x-forwarded-for'], headers['x-forwarded-proto']]),
    })
    onTestFinished(end)
    const host = `app.example:${port}`
    const status = (origin: string) =>
      new Promise((resolve, reject) => {
        const claims = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }
        const options = {
          host: '127.0.0.1',
          port,
          path: '/wire/sse?channel=a',
          headers: { host, origin, ...claims },
        }
        const asked = get(options, ({ statusCode }) => {
          asked.destroy()
          resolve(statusCode)
        })
        asked.on('error', reject)
      })
    expect(await status(`http://${host}`)).toBe(200)
    expect(await status('http://elsewhere.example')).toBe(403)
    // What a client claims about itself does not arrive.
    expect(clients).toEqual([['127.0.0.1', 'http']])
  },
)

test.concurrent.for(named)(
  'C22 C61 C74 as printed for $proxy with a certificate, streams share a connection, and WebSockets pass $why',
  async ({ proxy, why }, { expect, onTestFinished, skip }) => {
    skip(why !== '')
    const { port, wire, end } = await placed({ proxy, secure: true })
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: localhost.cert })
    const dispatcher = new Agent({ connect: { ca: localhost.cert } })
    onTestFinished(async () => {
      session.destroy()
      await dispatcher.destroy()
      await end()
    })
    // Apache lets no more through of a connection on which nothing has ended yet.
    const length = proxy === 'apache' ? 6 : 20
    const streams = Array.from({ length }, (_, n) => events(session, `/wire/sse?channel=all&channel=${n}`))
    for (const stream of streams) expect((await stream.next()).event).toBe('connected')
    const socket = new WebSocket(`wss://127.0.0.1:${port}/wire/ws?channel=all`, { dispatcher })
    const said = new Queue<{ readonly type: string; readonly data?: unknown }>()
    socket.addEventListener('message', ({ data }) => said.push(JSON.parse(String(data))))
    socket.addEventListener('close', ({ code }) => said.end(`the WebSocket has closed: ${code}`))
    await said.find(({ type }) => type === 'subscribed')
    await wire.publish('all', 'n', 1)
    for (const stream of streams) expect(JSON.parse((await stream.next()).data)).toMatchObject({ data: 1 })
    expect(await said.find(({ type }) => type === 'message')).toMatchObject({ data: 1 })
    expect(session.alpnProtocol).toBe('h2')
  },
)

test('what is tested is what is printed, but for the time-outs', async () => {
  const place = { listen: 8080, origin: 4000, folder: '' }
  for (const { proxy } of named) {
    const tested = configurations.find((each) => each.proxy === proxy && each.name === 'recommended')
    const text = (await printed(proxy, place)).replaceAll(/\b75(?=s?\b)/g, String(idleS))
    expect(await tested?.config(place)).toBe(`${text}\n`)
  }
})

test('docs/proxies.md shows what is printed', () => {
  const blocks = pages.get('docs/proxies.md')?.blocks ?? []
  for (const [proxy, print] of recommended) {
    const site = { host: undefined, port: 80, upstream: '127.0.0.1:4000', tls: undefined }
    expect(blocks.find(({ info }) => info === proxy)?.text).toBe(print(site))
  }
})

/** The printed configuration in front of a server. */
async function placed({
  proxy,
  secure = false,
  ...options
}: EverwireOptions & { readonly proxy: ProxyName; readonly secure?: boolean }) {
  const origin = await openOrigin(options)
  const { cert, key } = localhost
  const started = await startProxy({
    proxy,
    secure,
    config: (place) => printed(proxy, place, secure),
    // haproxy reads both from one file, and the others pass over the key.
    files: { 'cert.pem': `${cert}\n${key}`, 'key.pem': key },
    origin: origin.port,
    token: origin.token,
  })
  const end = async () => {
    await started.stop()
    await origin.close()
  }
  return { port: started.port, wire: origin.wire, end }
}

/** The events of one stream of the connection. */
function events(session: ClientHttp2Session, path: string): Queue<EventSourceMessage> {
  const found = new Queue<EventSourceMessage>()
  const parser = createParser({ onEvent: (event) => found.push(event) })
  const stream = session.request({ ':path': path })
  stream.setEncoding('utf8').on('data', (text) => parser.feed(String(text)))
  stream.on('error', (error) => found.end(error.message)).on('end', () => found.end('the stream has ended'))
  return found
}
