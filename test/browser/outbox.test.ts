import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { openPage, openStage } from './stage.ts'

/** What the script of the page is to see. */
declare const everwire: typeof import('everwire/client')
declare global {
  // oxlint-disable-next-line no-var -- globals of the page
  var outbox: import('everwire/client').Durable
  // oxlint-disable-next-line no-var -- globals of the page
  var refused: unknown[]
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

// Runs in the page.
function open(limit: number) {
  const wire = everwire.connect('/wire', { transports: ['sse'] })
  globalThis.refused = []
  globalThis.outbox = everwire.durable(wire, { name: 'ada', limit })
  globalThis.outbox.on('unpublished', ({ data, error }) => globalThis.refused.push([data, String(error)]))
}

// Runs in the page.
async function keep(all: readonly unknown[]) {
  for (const data of all) await globalThis.outbox.publish('a', 'n', data)
}

async function stage(options: Parameters<typeof openStage>[0] = {}, limit = 1_000) {
  const { wire, proxy, url } = await openStage(options)
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const openTab = async () => {
    const page = await openPage(context, url)
    await page.evaluate(open, limit)
    return page
  }
  const sent = async () => (await wire.history('a', { limit: 1_000 })).messages.map(({ data }) => data)
  return { proxy, openTab, sent }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const waiting = (page: Page) => page.evaluate(() => globalThis.outbox.size())

test('C46: what was published offline outlives a reload and a tab that is closed, and is sent once, in order', async () => {
  const { proxy, openTab, sent } = await stage()
  const [page, other] = [await openTab(), await openTab()]
  // The pages can still be had: only what belongs to the wire is dark.
  const offline = async () => {
    for (const each of [page, other]) await each.route('**/wire/**', (route) => route.abort())
  }
  await offline()
  proxy.reset()
  await page.evaluate(keep, numbers(0, 10))
  await other.evaluate(keep, numbers(10, 20))
  await other.close()
  await page.reload()
  await page.evaluate(open, 1_000)
  await page.evaluate(keep, numbers(20, 30))
  expect(await waiting(page)).toBe(30)
  expect(await sent()).toEqual([])
  await page.unrouteAll()
  await page.reload()
  await page.evaluate(open, 1_000)
  await expect.poll(() => waiting(page), { timeout: 20_000 }).toBe(0)
  expect(await sent()).toEqual(numbers(0, 30))
})

test('C46: what was under way when the page was reloaded takes effect once', async () => {
  const { openTab, sent } = await stage()
  const page = await openTab()
  for (const round of [0, 1, 2, 3]) {
    await page.evaluate(keep, numbers(round * 20, round * 20 + 20))
    // No answer is waited for.
    await page.reload()
    await page.evaluate(open, 1_000)
  }
  await expect.poll(() => waiting(page), { timeout: 20_000 }).toBe(0)
  expect(await sent()).toEqual(numbers(0, 80))
})

test('it is bounded, and says what the server refuses, to whom still waits and to whoever listens', async () => {
  const { openTab, sent } = await stage(
    { dev: false, channels: { a: { publish: true, subscribe: true }, shut: {} } },
    3,
  )
  const page = await openTab()
  const refused = await page.evaluate(async () => {
    const { published } = await globalThis.outbox.publish('shut', 'n', 'no')
    return published.then(
      () => 'published',
      (error: { code?: string }) => error.code,
    )
  })
  expect(refused).toBe('forbidden')
  expect(await page.evaluate(() => globalThis.refused)).toMatchObject([['no', /forbidden|not allowed/]])
  await page.route('**/wire/**', (route) => route.abort())
  await page.reload()
  await page.evaluate(open, 3)
  await page.evaluate(keep, [1, 2, 3])
  const full = await page.evaluate(() =>
    globalThis.outbox.publish('a', 'n', 4).then(String, (error) => error.code),
  )
  expect(full).toBe('outbox-full')
  await page.unrouteAll()
  await expect.poll(() => waiting(page), { timeout: 20_000 }).toBe(0)
  expect(await sent()).toEqual([1, 2, 3])
})
