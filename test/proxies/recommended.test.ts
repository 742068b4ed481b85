import { get } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { Agent, WebSocket } from 'undici'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { recommended } from '../../src/cli/proxies/recommended.ts'
import type { Asking, EverwireOptions } from '../../src/index.ts'
import { pages } from '../docs/pages.ts'
import { endCommands, everwire } from '../cli/command.ts'
import { localhost } from '../support/localhost.ts'
import { Queue } from '../support/queue.ts'
import { idleMs, idleS, type Place } from './launch.ts'
import { measure, type Measured } from './measure.ts'
import { openOrigin } from './origin.ts'
import { proxyNames, unlessThere, type ProxyName } from './programs.ts'
import { startProxy } from './proxy.ts'

afterEach(endCommands)

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

interface Run {
  readonly clients: readonly Measured[]
  /** With the time-outs of the tests instead of the printed ones; `unheard`: and without heartbeats. */
  readonly heard: readonly Measured[]
  readonly unheard: readonly Measured[]
}

async function run(proxy: ProxyName): Promise<Run> {
  const asPrinted = { proxy, name: 'recommended', config: (place: Place) => printed(proxy, place) }
  const config = async (place: Place) =>
    (await printed(proxy, place)).replaceAll(/\b75(?=s?\b)/g, String(idleS))
  const shortened = { proxy, name: 'shortened', config }
  const quiet = { clients: ['websocket', 'sse'], events: 1, breaks: false } as const
  const [clients, heard, unheard] = await Promise.all([
    // Further apart than the 0.2 s for which haproxy by default waits for more.
    measure(asPrinted, { events: 9, paceMs: 250, idle: false }),
    measure(shortened, quiet),
    measure(shortened, { ...quiet, heartbeatMs: 100 * idleMs }),
  ])
  return { clients, heard, unheard }
}

const runs = new Map<ProxyName, Run>()
beforeAll(async () => {
  const there = named.filter(({ why }) => why === '')
  await Promise.all(there.map(async ({ proxy }) => runs.set(proxy, await run(proxy))))
}, 90_000)

describe.each(named)('the configuration that is printed for $proxy $why', ({ proxy, why }) => {
  const found = (): Run => {
    const those = runs.get(proxy)
    if (!those) throw new Error('it has not run')
    return those
  }

  test.skipIf(why)(
    'C74 C51 lets every transport through, and nothing is lost when it is cut off or killed',
    () => {
      const clients = found().clients.map(({ client, first, wrong }) => [client, typeof first, wrong])
      expect(clients).toEqual(['websocket', 'sse', 'poll', 'sdk'].map((client) => [client, 'number', '']))
      expect(found().clients.find(({ client }) => client === 'sdk')?.took).toBe('websocket: preferred')
    },
  )

  test.skipIf(why)('C74 C16 holds no event back', () => {
    const p50 = (wanted: string) => found().clients.find(({ client }) => client === wanted)?.p50 ?? NaN
    expect(p50('sse') - p50('websocket')).toBeLessThan(100)
  })

  test.skipIf(why)('C9 C28 cuts what is silent, and not what has heartbeats', () => {
    const { heard, unheard } = found()
    for (const { client, lostWhileIdle } of heard) expect([client, lostWhileIdle]).toEqual([client, 0])
    // Caddy has no time-out, nor has a WebSocket that Apache upgraded.
    const cut = { nginx: [1, 1], haproxy: [1, 1], apache: [0, 1], caddy: [0, 0] }[String(proxy)]
    expect(unheard.map(({ lostWhileIdle }) => lostWhileIdle)).toEqual(cut)
  })

  test.skipIf(why)(
    'C33 names the host by which a page knows it, so that only its own pages are admitted',
    async () => {
      const channels = { '*': { subscribe: true } }
      const clients: unknown[] = []
      const authenticate = ({ headers }: Asking) => void clients.push(headers['x-forwarded-for'])
      const { port } = await placed({ proxy, dev: false, channels, authenticate })
      const host = `app.example:${port}`
      const status = (origin: string) =>
        new Promise((resolve, reject) => {
          const headers = { host, origin, 'x-forwarded-for': '192.0.2.1' }
          const options = { host: '127.0.0.1', port, path: '/wire/sse?channel=a', headers }
          const asked = get(options, ({ statusCode }) => {
            asked.destroy()
            resolve(statusCode)
          })
          asked.on('error', reject)
        })
      expect(await status(`http://${host}`)).toBe(200)
      expect(await status('http://elsewhere.example')).toBe(403)
      // What a client claims about itself does not arrive.
      expect(clients).toEqual(['127.0.0.1'])
    },
  )

  test.skipIf(why)(
    'C22 C61 with a certificate carries many streams over one connection, and WebSockets',
    async () => {
      const { port, wire } = await placed({ proxy, secure: true })
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: localhost.cert })
      // Apache lets no more through of a connection on which nothing has ended yet.
      const length = proxy === 'apache' ? 6 : 20
      const streams = Array.from({ length }, (_, n) => events(session, `/wire/sse?channel=all&channel=${n}`))
      for (const stream of streams) expect((await stream.next()).event).toBe('connected')
      const dispatcher = new Agent({ connect: { ca: localhost.cert } })
      const socket = new WebSocket(`wss://127.0.0.1:${port}/wire/ws?channel=all`, { dispatcher })
      onTestFinished(async () => {
        session.destroy()
        socket.close()
        await dispatcher.destroy()
      })
      const said = new Queue<{ readonly type: string; readonly data?: unknown }>()
      socket.addEventListener('message', ({ data }) => said.push(JSON.parse(String(data))))
      await said.find(({ type }) => type === 'subscribed')
      await wire.publish('all', 'n', 1)
      for (const stream of streams) expect(JSON.parse((await stream.next()).data)).toMatchObject({ data: 1 })
      expect(await said.find(({ type }) => type === 'message')).toMatchObject({ data: 1 })
      expect(session.alpnProtocol).toBe('h2')
    },
  )
})

test('docs/proxies.md shows what is printed', () => {
  const blocks = pages.get('docs/proxies.md')?.blocks ?? []
  for (const [proxy, print] of recommended) {
    const site = { host: undefined, port: 80, upstream: '127.0.0.1:4000', tls: undefined }
    expect(blocks.find(({ info }) => info === proxy)?.text).toBe(print(site))
  }
})

/** The printed configuration in front of a server, until the test is over. */
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
  onTestFinished(async () => {
    await started.stop()
    await origin.close()
  })
  return { port: started.port, wire: origin.wire }
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
