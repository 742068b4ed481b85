import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { postOf, raw, refusal, start } from './start.ts'

const app = 'https://app.example'
const from = (origin: string) => ({ headers: { origin } })

test('C78 C33 without a list only pages of the same host may ask', async () => {
  const { url, port, wire } = await start()
  expect((await fetch(`${url}/wire/position`, from(url))).status).toBe(200)
  expect((await fetch(`${url}/wire/position`)).status).toBe(200)
  for (const origin of [
    app,
    `http://127.0.0.1:${port + 1}`,
    `http://localhost:${port}`,
    'null',
    'nonsense',
  ]) {
    expect(await refusal(await fetch(`${url}/wire/position`, from(origin)))).toBe('403 forbidden-origin')
  }
  const publish = postOf({ channel: 'open/1', data: 1 }, { origin: app })
  expect(await refusal(await fetch(`${url}/wire/publish`, publish))).toBe('403 forbidden-origin')
  expect((await wire.stats()).refused).toEqual({ 'forbidden-origin': 6 })
})

test('the default port of an origin is the same whether it is written or not', async () => {
  const { port } = await start()
  const ask = (host: string, origin: string) =>
    raw(
      port,
      `GET /wire/position HTTP/1.1\r\nhost: ${host}\r\norigin: ${origin}\r\nconnection: close\r\n\r\n`,
    )
  expect(await ask('app.example:443', 'https://app.example')).toMatch(/^HTTP\/1\.1 200 /)
  expect(await ask('APP.example', 'http://app.example')).toMatch(/^HTTP\/1\.1 200 /)
  expect(await ask('app.example:81', 'http://app.example')).toMatch(/^HTTP\/1\.1 403 /)
})

test('C15 [8.8] pages of a listed origin may read the answer, with credentials', async () => {
  const { url } = await start({ origins: [app] })
  const response = await fetch(`${url}/wire/position`, from(app))
  expect(response.headers.get('access-control-allow-origin')).toBe(app)
  expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  expect(response.headers.get('vary')).toContain('Origin')
  const refused = await fetch(`${url}/wire/history?channel=none`, from(app))
  expect(refused.headers.get('access-control-allow-origin')).toBe(app)
  for (const origin of ['https://app.example:8443', 'http://app.example', 'https://app.example.evil', url]) {
    expect(await refusal(await fetch(`${url}/wire/position`, from(origin)))).toBe('403 forbidden-origin')
  }
})

test('C15 [8.8] a preflight is answered, with the headers that clients send', async () => {
  const { url } = await start({ origins: [app] })
  const preflight = await fetch(`${url}/wire/publish`, {
    method: 'OPTIONS',
    headers: {
      origin: app,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase().split(', ').sort()).toEqual([
    'authorization',
    'content-type',
    'idempotency-key',
    'last-event-id',
  ])
  const foreign = await fetch(`${url}/wire/publish`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example' },
  })
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
  expect(await refusal(foreign)).toBe('403 forbidden-origin')
})

test('C15 "*" lets every page ask, without credentials', async () => {
  const seen: unknown[] = []
  const { url } = await start({
    origins: ['*'],
    authenticate: ({ headers, raw: request }) => (seen.push([headers['cookie'], request]), undefined),
  })
  const response = await fetch(`${url}/wire/position`, { headers: { origin: app, cookie: 'session=1' } })
  expect(response.headers.get('access-control-allow-origin')).toBe(app)
  expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  expect(seen).toEqual([[undefined, undefined]])
})

test('C15 "*" together with credentials is an error at start', () => {
  expect(() => everwire({ origins: ['*'], credentials: true })).toThrow(
    /origins: "\*" together with credentials/,
  )
})

test('dev serves this machine only, by its own names, and pages of all its ports', async () => {
  const { url, port, wire } = await start({ dev: true, channels: {} })
  expect((await fetch(`${url}/wire/publish`, postOf({ channel: 'any', data: 1 }))).status).toBe(200)
  expect((await fetch(`${url}/wire/position`, from('http://localhost:5173'))).status).toBe(200)
  expect(await refusal(await fetch(`${url}/wire/position`, from(app)))).toBe('403 forbidden-origin')
  const rebound = await raw(
    port,
    'GET /wire/position HTTP/1.1\r\nhost: evil.example\r\norigin: http://evil.example\r\nconnection: close\r\n\r\n',
  )
  expect(rebound).toMatch(/^HTTP\/1\.1 403 /)
  await expect(wire.listen(0, '0.0.0.0')).rejects.toThrow(/loopback only, not on 0\.0\.0\.0/)
})

const over6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const without = over6 ? '' : ' (skipped: this machine has no ::1)'

test.skipIf(!over6)(`dev serves this machine over IPv6 as well${without}`, async () => {
  const { wire } = await start({ dev: true, channels: {} })
  const { url } = await wire.listen(0, '::1')
  expect((await fetch(`${url}/wire/position`)).status).toBe(200)
})
