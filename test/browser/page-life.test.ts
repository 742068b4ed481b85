import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { openRawPage } from './devtools.ts'
import { openPage, openStage } from './stage.ts'

/** What the script of the page is to see. */
declare const everwire: typeof import('everwire/client')
declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var life: {
    readonly got: unknown[]
    readonly states: string[]
    shownAt: number
    has(n: number): Promise<number>
  }
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium({ backForwardCache: true })
})
afterAll(() => browser.close())

async function open(transport: 'websocket' | 'sse' | 'poll', heartbeatMs = 25_000) {
  const stage = await openStage({ heartbeatMs })
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await openPage(context, stage.url)
  await page.evaluate(connect, transport)
  return { ...stage, page, devtools: await context.newCDPSession(page) }
}

// Runs in the page.
async function connect(transport: 'websocket' | 'sse' | 'poll') {
  const wire = everwire.connect('/wire', { transports: [transport] })
  const got: unknown[] = []
  const states: string[] = []
  const waiting: { n: number; resolve: (at: number) => void }[] = []
  const channel = wire.channel('a')
  channel.onMessage(({ data }) => {
    got.push(data)
    for (const { n, resolve } of waiting) if (got.length >= n) resolve(performance.now())
  })
  wire.on('state', (state) => states.push(state))
  const has = (n: number) =>
    new Promise<number>((resolve) => {
      if (got.length >= n) resolve(performance.now())
      else waiting.push({ n, resolve })
    })
  globalThis.life = { got, states, shownAt: 0, has }
  addEventListener('pageshow', (event) => event.persisted && (globalThis.life.shownAt = performance.now()))
  await new Promise((resolve) => channel.on('subscribed', resolve))
}

/** Runs in the page: milliseconds, by its clock, from what `wakes` it until it has `n` messages. */
function caughtUp([n, wakes]: readonly [number, string]): Promise<number> {
  return new Promise((resolve) => {
    const began = () => {
      const at = performance.now()
      void globalThis.life.has(n).then((until) => resolve(until - at))
    }
    addEventListener(wakes, began, { capture: true, once: true })
  })
}

/** A second on a machine that is not busy; what heartbeats alone would find out takes 50. */
function judge(ms: number): void {
  console.log(`caught up after ${Math.round(ms)} ms`)
  expect(ms).toBeLessThan(15_000)
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)

describe.each(['websocket', 'sse', 'poll'] as const)('a page over %s', (transport) => {
  test('C58: frozen, it holds no connection; when it goes on it has all it missed', async () => {
    const { wire, proxy, url } = await openStage()
    const page = await openRawPage(browser, url)
    await page.evaluate(connect, transport)
    await wire.publish('a', 'n', 0)
    await page.evaluate(() => globalThis.life.has(1), undefined)
    const ms = page.evaluate(caughtUp, [201, 'resume'] as const)
    await page.send('Page.setWebLifecycleState', { state: 'frozen' })
    await expect.poll(async () => (await wire.stats()).connections).toBe(0)
    const { accepted } = proxy
    for (const n of numbers(200)) await wire.publish('a', 'n', n + 1)
    expect(proxy.accepted).toBe(accepted)
    await page.send('Page.setWebLifecycleState', { state: 'active' })
    judge(await ms)
    expect(await page.evaluate(() => globalThis.life.got, undefined)).toEqual(numbers(201))
  })

  test('C59: offline and online again, it has all it missed', async () => {
    const { wire, page, devtools } = await open(transport)
    const network = (offline: boolean) =>
      devtools.send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      })
    await network(true)
    await expect.poll(() => page.evaluate(() => globalThis.life.states.at(-1))).toBe('offline')
    for (const n of numbers(200)) await wire.publish('a', 'n', n)
    const ms = page.evaluate(caughtUp, [200, 'online'] as const)
    await network(false)
    // What is written before it was offline may come at once: then it is negative.
    judge(await ms)
    expect(await page.evaluate(() => globalThis.life.got)).toEqual(numbers(200))
    await expect.poll(() => page.evaluate(() => globalThis.life.states.at(-1))).toMatch(/live|recovered/)
  })

  test('C58: left and come back to, it was kept, and has all it missed', async () => {
    const { wire, page, url } = await open(transport)
    await page.evaluate(() => (location.href = '/elsewhere'))
    await page.waitForURL(`${url}/elsewhere`)
    await expect.poll(async () => (await wire.stats()).connections).toBe(0)
    for (const n of numbers(200)) await wire.publish('a', 'n', n)
    await page.evaluate(() => history.back())
    await page.waitForFunction(() => globalThis.life?.shownAt)
    const ms = await page.evaluate(async () => (await globalThis.life.has(200)) - globalThis.life.shownAt)
    judge(ms)
    expect(await page.evaluate(() => globalThis.life.got)).toEqual(numbers(200))
  })
})

test('C59: a WebSocket that died unseen is found out when the page is seen again', async () => {
  const { wire, proxy, page } = await open('websocket')
  proxy.blackhole()
  for (const n of numbers(200)) await wire.publish('a', 'n', n)
  const ms = page.evaluate(caughtUp, [200, 'visibilitychange'] as const)
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  judge(await ms)
  expect(await page.evaluate(() => globalThis.life.got)).toEqual(numbers(200))
})
