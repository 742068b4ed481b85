import { describe, expect, test } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { judge } from '../../src/doctor/verdict.ts'
import { Queue } from '../support/queue.ts'
import { EventReader, openWire, RawClient } from '../support/wire.ts'

const about = { doctor: 1, probe: expect.any(String), http: '1.1', heartbeatMs: 25_000, messageBytes: 65_536 }

async function code(answer: Response): Promise<string> {
  const { error } = await answer.json()
  return `${answer.status} ${error.code}`
}

describe('the endpoints of the doctor', () => {
  test('ask nobody who they are, and tell only how the request itself has arrived', async () => {
    const asked: string[] = []
    const { base } = await openWire({
      dev: false,
      channels: { 'secret/*': { publish: true } },
      authenticate() {
        asked.push('authenticate')
        return undefined
      },
    })
    const headers = { via: '1.1 proxy.internal', 'last-event-id': '7', cookie: 'session=hunter2' }
    const answer = await fetch(`${base}/doctor/about?probe=mine`, { headers })
    const said = await answer.json()
    expect(said).toEqual({
      ...about,
      probe: 'mine',
      now: expect.any(Number),
      address: 'loopback',
      through: ['via'],
      lastEventId: '7',
      cookie: false,
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(asked).toEqual([])
  })

  test('reach no channel, whatever is asked of them', async () => {
    const { wire, base } = await openWire()
    const said = new Queue<unknown>()
    const client = new WebSocket(`${base.replace('http', 'ws')}/doctor/ws?channel=a`)
    client.onmessage = ({ data }) => said.push(data)
    await said.next()
    client.send('{"type":"subscribe","channel":"a"}')
    expect(await said.next()).toBe('{"type":"subscribe","channel":"a"}')
    const stream = await EventReader.open(`${base}/doctor/stream?channel=a&silentMs=10000`)
    await stream.next('hello')
    expect(await wire.stats()).toMatchObject({ channels: 0, connections: 2 })
    client.close()
  })

  test('are not there when they are switched off, and the examination says so', async () => {
    const { base } = await openWire({ doctor: false })
    for (const path of ['/doctor', '/doctor/about', '/doctor/ws', '/doctor/stream'])
      expect(await code(await fetch(base + path))).toBe('404 not-found')
    const verdict = judge(await examine({ base, from: 'command', idleMs: 0 }))
    expect(verdict).toMatchObject({ level: 'broken', findings: [{ code: 'doctor-off' }] })
  })

  test('tell a page whose origin arrives as a stranger, and let it read nothing from elsewhere', async () => {
    const { base, url } = await openWire({ dev: false, channels: {} })
    const post = (origin: string) =>
      fetch(`${base}/doctor/post`, { method: 'POST', body: 'x', headers: { origin } })
    expect(await (await post(url)).json()).toEqual({ bytes: 1, origin: 'own', origins: 'same-host' })
    const foreign = await post('https://elsewhere.example')
    expect(foreign.headers.get('access-control-allow-origin')).toBe(null)
    expect(await foreign.json()).toMatchObject({ origin: 'foreign' })
    const listing = await openWire({ dev: false, origins: ['https://app.example'] })
    const [behind, listed] = await Promise.all([
      examine({ base, from: 'command', idleMs: 0, origin: 'https://app.example' }),
      examine({ base: listing.base, from: 'command', idleMs: 0, origin: listing.url }),
    ])
    expect(judge(behind).findings.map((finding) => finding.code)).toEqual(['host-rewritten'])
    expect(judge(listed).findings.map((finding) => finding.code)).toEqual(['origin-not-listed'])
  })

  test('take no more than a probe needs', async () => {
    const { base } = await openWire()
    const large = await fetch(`${base}/doctor/post`, {
      method: 'POST',
      body: 'x'.repeat(2 * 1024 * 1024 + 1),
    })
    expect(await code(large)).toBe('413 too-large')
    for (const query of ['count=51', 'everyMs=1001', 'everyMs=0', 'silentMs=180001', 'count=-1', 'count=x'])
      expect(await code(await fetch(`${base}/doctor/stream?${query}`))).toBe('400 bad-message')
    expect(await code(await fetch(`${base}/doctor/hold?ms=180001`))).toBe('400 bad-message')
    const posted = await fetch(`${base}/doctor/about`, { method: 'POST', body: 'x' })
    expect(posted.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await code(posted)).toBe('405 method-not-allowed')
    expect((await fetch(`${base}/doctor/stream`, { method: 'HEAD' })).status).toBe(200)
  })

  test('hold no more than 64 at once, and give back what has gone', async () => {
    const { base, port, wire } = await openWire()
    const holds = Array.from({ length: 64 }, () => new RawClient(port))
    for (const { socket } of holds)
      socket.write('GET /wire/doctor/stream?silentMs=60000 HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await Promise.all(holds.map((client) => client.until('event: hello')))
    expect(await code(await fetch(`${base}/doctor/hold?ms=1`))).toBe('503 overloaded')
    expect(await code(await fetch(`${base}/doctor/stream`))).toBe('503 overloaded')
    for (const { socket } of holds) socket.resetAndDestroy()
    while ((await wire.stats()).connections > 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await fetch(`${base}/doctor/hold?ms=1`)).status).toBe(200)
  })

  test('a WebSocket echoes a hundred times, and is then closed', async () => {
    const { base } = await openWire()
    const client = new WebSocket(`${base.replace('http', 'ws')}/doctor/ws`)
    const said: unknown[] = []
    const closed = new Promise<number>((resolve) => {
      client.onclose = ({ code: closeCode }) => resolve(closeCode)
    })
    await new Promise<void>((resolve) => {
      client.onmessage = ({ data }) => {
        said.push(data)
        resolve()
      }
    })
    for (let i = 0; i <= 100; i++) client.send(`${i}`)
    expect(await closed).toBe(4529)
    expect(said).toEqual(['hello', ...Array.from({ length: 100 }, (_, i) => `${i}`)])
  })

  test('end with the server', async () => {
    const { base, wire } = await openWire()
    const client = new WebSocket(`${base.replace('http', 'ws')}/doctor/ws?silentMs=100000`)
    const closed = new Promise<number>((resolve) => {
      client.onclose = ({ code: closeCode }) => resolve(closeCode)
    })
    await new Promise((resolve) => {
      client.onmessage = resolve
    })
    const stream = await EventReader.open(`${base}/doctor/stream?silentMs=100000`)
    await stream.next('hello')
    const hold = fetch(`${base}/doctor/hold?ms=100000`)
    while ((await wire.stats()).connections < 3) await new Promise((resolve) => setImmediate(resolve))
    await wire.close()
    expect(await closed).toBe(4512)
    expect((await hold).status).toBe(200)
    await expect(stream.next('awake')).rejects.toThrow('the stream has ended')
  })
})
