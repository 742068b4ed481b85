import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { unlessThere } from '../proxies/programs.ts'
import { startProxy } from '../proxies/proxy.ts'
import { launchChromium } from './chromium.ts'
import { openPage, openStage } from './stage.ts'

/** What the script of the page is to see. */
declare const everwire: typeof import('everwire/client')
declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var met: { readonly got: unknown[]; readonly taken: string[]; has(n: number): Promise<void> }
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

// Runs in the page.
async function connect() {
  const got: unknown[] = []
  const taken: string[] = []
  const waiting: { n: number; resolve: () => void }[] = []
  const wire = everwire.connect('/wire')
  wire.on('transport', ({ transport, reason }) => taken.push(`${transport}: ${reason}`))
  wire.channel('a').onMessage(({ data }) => {
    got.push(data)
    for (const { n, resolve } of waiting) if (got.length >= n) resolve()
  })
  const has = (n: number) =>
    new Promise<void>((resolve) => (got.length >= n ? resolve() : waiting.push({ n, resolve })))
  globalThis.met = { got, taken, has }
  await new Promise((resolve) => wire.channel('a').on('subscribed', resolve))
}

const why = unlessThere('squid')
const numbers = Array.from({ length: 20 }, (_, n) => n)

// A WebSocket asks a network's proxy for a tunnel, which by default goes to port 443 only.
test.skipIf(why).each([
  ['as it comes, event streams pass', '443', 'sse: websocket blocked'],
  ['that tunnels to any port, WebSockets pass', '1-65535', 'websocket: preferred'],
])('C51 behind the squid of a network, %s', async (_name, ports, expected) => {
  const stage = await openStage()
  const origin = Number(new URL(stage.url).port)
  const squid = await startProxy({
    proxy: 'squid',
    forward: true,
    config: ({ listen }) => `
http_port 127.0.0.1:${listen}
acl SSL_ports port ${ports}
http_access deny CONNECT !SSL_ports
http_access allow all`,
    origin,
    token: await (await fetch(`${stage.url}/origin`)).text(),
  })
  // By default a browser asks this machine directly.
  const proxy = { server: `http://127.0.0.1:${squid.port}`, bypass: '<-loopback>' }
  const context = await browser.newContext({ proxy })
  onTestFinished(async () => {
    await context.close()
    await squid.stop()
  })
  const page = await openPage(context, stage.url)
  await page.evaluate(connect)
  for (const n of numbers) await stage.wire.publish('a', 'n', n)
  await page.evaluate((n) => globalThis.met.has(n), numbers.length)
  expect(await page.evaluate(() => [globalThis.met.got, globalThis.met.taken])).toEqual([numbers, [expected]])
  // And what it says itself.
  const published = page.evaluate(() => everwire.connect('/wire').channel('b').publish('n', 'said'))
  await expect(published).resolves.toMatchObject({ duplicate: false })
})
