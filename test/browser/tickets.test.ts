import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { openPage, openStage } from './stage.ts'

declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var heard: { readonly got: unknown[]; readonly source: EventSource }
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

/** A native EventSource with a ticket, in a page of `ada`. */
async function listen() {
  const { wire, proxy, url } = await openStage({
    userId: String,
    authenticate: ({ headers }) => headers['authorization'],
    channels: { a: { subscribe: (user: unknown) => user === 'ada' } },
    dev: false,
  })
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await openPage(context, url)
  await page.evaluate(async () => {
    const answer = await fetch('/wire/ticket', { method: 'POST', headers: { authorization: 'ada' } })
    const { ticket } = await answer.json()
    const source = new EventSource(`/wire/sse?channel=a&envelope=1&ticket=${ticket}`)
    const got: unknown[] = []
    source.onmessage = ({ data }) => got.push(JSON.parse(data).data)
    globalThis.heard = { got, source }
    await new Promise((resolve) => source.addEventListener('connected', resolve))
  })
  return { wire, proxy, context, page }
}

test('a native EventSource with a ticket goes on after its drops, and loses nothing', async () => {
  const { wire, proxy, page } = await listen()
  for (const n of [0, 1, 2]) {
    const again = page.evaluate(
      () =>
        new Promise((resolve) =>
          globalThis.heard.source.addEventListener('connected', resolve, { once: true }),
        ),
    )
    proxy.reset()
    await wire.publish('a', 'message', n)
    await again
  }
  await expect.poll(() => page.evaluate(() => globalThis.heard.got)).toEqual([0, 1, 2])
})

test('without its cookie it is told to stop', async () => {
  const { proxy, context, page } = await listen()
  await context.clearCookies()
  proxy.reset()
  await expect
    .poll(() => page.evaluate(() => globalThis.heard.source.readyState), { timeout: 20_000 })
    .toBe(2)
})
