import { setTimeout } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { openPage, openStage } from './stage.ts'

/** What the script of the page is to see. */
declare const everwire: typeof import('everwire/client')
declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var tab: { readonly got: unknown[]; readonly states: string[]; say(data: unknown): Promise<unknown> }
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

type Transport = 'websocket' | 'sse' | 'poll'

// Runs in the page.
async function join([transport, after]: readonly [Transport, string]) {
  const wire = everwire.shared('/wire', { name: 'ada', transports: [transport] })
  const got: unknown[] = []
  const states: string[] = []
  wire.on('state', (state) => states.push(state))
  const channel = wire.channel('a', { after })
  channel.onMessage(({ data }) => got.push(data))
  channel.on('gap', (gap) => got.push(gap))
  globalThis.tab = { got, states, say: (data) => wire.channel('said').publish('n', data) }
  await new Promise((resolve) => channel.on('subscribed', resolve))
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)
const got = (page: Page) => page.evaluate(() => globalThis.tab.got)

async function openTabs(
  context: BrowserContext,
  url: string,
  n: number,
  transport: Transport,
  after: string,
) {
  const pages: Page[] = []
  for (let i = 0; i < n; i++) {
    const page = await openPage(context, url)
    await page.evaluate(join, [transport, after] as const)
    pages.push(page)
  }
  return pages
}

async function open() {
  const stage = await openStage()
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  return { ...stage, context, after: await stage.wire.position() }
}

describe.each(['websocket', 'sse'] as const)('tabs over %s', (transport) => {
  test('share one connection; each has each message once, however late it came', async () => {
    const { wire, context, url, after } = await open()
    const first = await openTabs(context, url, 1, transport, after)
    for (const n of numbers(20)) await wire.publish('a', 'n', n)
    // While the others come, there is always more.
    let sent = 20
    let coming = true
    const goesOn = (async () => {
      while (coming) {
        await wire.publish('a', 'n', sent++)
        await setTimeout(1)
      }
    })()
    const pages = [...first, ...(await openTabs(context, url, 3, transport, after))]
    coming = false
    await goesOn
    for (const page of pages) {
      await expect.poll(async () => (await got(page)).length, { timeout: 20_000 }).toBe(sent)
      expect(await got(page)).toEqual(numbers(sent))
    }
    expect((await wire.stats()).connections).toBe(1)
  })

  test('go on without loss or doubling when the tab that leads is closed, and when it crashes', async () => {
    const { wire, context, url, after } = await open()
    const pages = await openTabs(context, url, 4, transport, after)
    const [first, second, ...rest] = pages
    const said: Promise<unknown>[] = []
    const talk = async (from: number) => {
      for (const n of numbers(20)) {
        await wire.publish('a', 'n', from + n)
        for (const [i, page] of rest.entries())
          said.push(page.evaluate((data) => globalThis.tab.say(data), `${i}:${from + n}`).catch(String))
      }
    }
    await talk(0)
    await Promise.all([first?.close(), talk(20)])
    await expect.poll(() => (rest[0] ? got(rest[0]) : []), { timeout: 15_000 }).toHaveLength(40)
    const crashed = new Promise((resolve) => second?.once('crash', resolve))
    second?.goto('chrome://crash').catch(() => undefined)
    await Promise.all([crashed, talk(40)])
    for (const one of await Promise.all(said)) expect(one).toMatchObject({ duplicate: expect.any(Boolean) })
    for (const page of rest) await expect.poll(() => got(page), { timeout: 20_000 }).toEqual(numbers(60))
    const { messages } = await wire.history('said', { limit: 1_000 })
    for (const [i] of rest.entries()) {
      const own = messages.map(({ data }) => String(data)).filter((data) => data.startsWith(`${i}:`))
      expect(own).toEqual(numbers(60).map((n) => `${i}:${n}`))
    }
    expect((await wire.stats()).connections).toBe(1)
  })
})

test('C60: ten tabs over HTTP/1.1 leave room for an eleventh request', async () => {
  const { wire, context, url, after } = await open()
  const pages = await openTabs(context, url, 10, 'sse', after)
  expect((await wire.stats()).connections).toBe(1)
  await wire.publish('a', 'n', 'hello')
  for (const page of pages) await expect.poll(() => got(page)).toEqual(['hello'])
  const statuses = await pages[9]?.evaluate(async () =>
    Promise.all([1, 2, 3, 4, 5].map(async (n) => (await fetch(`/wire/position?n=${n}`)).status)),
  )
  expect(statuses).toEqual([200, 200, 200, 200, 200])
})

test('a tab that leads and hangs is replaced', async () => {
  const { wire, context, url, after } = await open()
  const [first, second] = await openTabs(context, url, 2, 'websocket', after)
  if (!first || !second) throw new Error('two tabs')
  // It holds its lock, and hears nothing.
  const devtools = await context.newCDPSession(first)
  await devtools.send('Debugger.enable')
  await devtools.send('Debugger.pause')
  void first.evaluate(() => 1).catch(() => undefined)
  await second.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  await wire.publish('a', 'n', 1)
  await expect.poll(() => got(second), { timeout: 30_000 }).toEqual([1])
  await devtools.send('Debugger.resume')
  await wire.publish('a', 'n', 2)
  for (const page of [first, second]) await expect.poll(() => got(page), { timeout: 30_000 }).toEqual([1, 2])
  await expect.poll(async () => (await wire.stats()).connections).toBe(1)
})
