import type { Page } from 'playwright'
import { build } from 'esbuild'
import { createSecureServer } from 'node:http2'
import { expect, onTestFinished, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { chaosProxy } from '../support/chaos-proxy.ts'
import { localhost } from '../support/localhost.ts'
import { listening } from '../support/port.ts'
import { launchChromium } from './chromium.ts'

/** A page of a server that speaks HTTP/2, and how many connections lead to that. */
async function openPage(enableConnectProtocol: boolean) {
  const wire = everwire({ dev: true })
  const { outputFiles } = await build({
    stdin: { contents: `export * from 'everwire/client'`, resolveDir: import.meta.dirname },
    alias: { 'everwire/client': `${import.meta.dirname}/../../src/client/index.ts` },
    bundle: true,
    format: 'iife',
    globalName: 'everwire',
    write: false,
  })
  const server = createSecureServer(
    { ...localhost, allowHTTP1: true, settings: { enableConnectProtocol } },
    (request, response) => {
      const script = request.url === '/client.js'
      response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' })
      response.end(
        script
          ? (outputFiles[0]?.text ?? '')
          : '<!doctype html><title>A page</title><script src="/client.js"></script>',
      )
    },
  )
  wire.attach(server)
  const port = await listening(server)
  const proxy = await chaosProxy(port)
  const browser = await launchChromium()
  onTestFinished(async () => {
    await browser.close()
    await wire.close()
    await proxy.close()
    server.close()
  })
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`https://127.0.0.1:${new URL(proxy.url).port}/`)
  return { wire, proxy, page }
}

/** Opens a WebSocket as a page does, and answers what first came over it. */
function webSocketIn(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const webSocket = new WebSocket(`wss://${location.host}/wire/ws?channel=a`)
    return new Promise((resolve) => {
      webSocket.onmessage = ({ data }) => resolve(JSON.parse(data).type)
      webSocket.onerror = () => resolve('error')
    })
  })
}

test('C22 C34 20 event streams, a WebSocket and the SDK of one page share one HTTP/2 connection', async () => {
  const { wire, proxy, page } = await openPage(true)
  const before = proxy.accepted
  await page.evaluate(async () => {
    const streams = Array.from(
      { length: 20 },
      (_, n) => new EventSource(`/wire/sse?channel=all&channel=${n}`),
    )
    const got = streams.map(() => 0)
    Object.assign(window, { got })
    for (const [n, stream] of streams.entries()) stream.onmessage = () => (got[n] = (got[n] ?? 0) + 1)
    await Promise.all(
      streams.map((stream) => new Promise((opened) => stream.addEventListener('connected', opened))),
    )
  })
  expect(await webSocketIn(page)).toBe('welcome')
  await page.evaluate(async () => {
    const { connect } = (window as unknown as { everwire: typeof import('../../src/client/index.ts') })
      .everwire
    const wire = connect('/wire', { transports: ['websocket'] })
    const seen: unknown[] = []
    Object.assign(window, { seen })
    const channel = wire.channel('all')
    channel.on('*', ({ data }) => seen.push(data))
    await new Promise((subscribed) => channel.on('subscribed', subscribed))
  })
  for (let n = 0; n < 10; n++) await wire.publish('all', 'message', n)
  await expect.poll(() => page.evaluate('got.every((count) => count === 10)')).toBe(true)
  await expect.poll(() => page.evaluate('seen')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(await wire.stats()).toMatchObject({ connections: 22 })
  expect(proxy.accepted - before).toBe(0)
})

test('a server of HTTP/2 that takes no WebSockets there is asked by HTTP/1.1, by the browser itself', async () => {
  const { proxy, page } = await openPage(false)
  const before = proxy.accepted
  expect(await webSocketIn(page)).toBe('welcome')
  expect(proxy.accepted).toBeGreaterThan(before)
})
