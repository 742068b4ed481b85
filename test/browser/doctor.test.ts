import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { meddlingProxy, type Meddling } from '../support/meddling-proxy.ts'
import { openWire } from '../support/wire.ts'
import { launchChromium } from './chromium.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let browser: Browser

beforeAll(async () => {
  // The page is served as it was built.
  execFileSync(process.execPath, ['scripts/setup.mjs', '--build'], { cwd: root, stdio: 'inherit' })
  browser = await launchChromium()
}, 120_000)
afterAll(() => browser.close())

interface Examined {
  readonly page: Page
  /** What the page or its policy complained of. */
  readonly errors: readonly string[]
}

/** The page on such a path, when it has examined it. */
async function examined(meddling: Meddling): Promise<Examined> {
  const { port } = await openWire()
  const proxy = await meddlingProxy(port, meddling)
  onTestFinished(() => proxy.close())
  const page = await browser.newPage({ permissions: ['clipboard-read', 'clipboard-write'] })
  onTestFinished(() => page.close())
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.goto(`${proxy.url}/wire/doctor?idle=1`)
  await page.locator('body[data-state="done"]').waitFor()
  return { page, errors }
}

const tiles = (page: Page) =>
  page.locator('.tile').evaluateAll((all) => all.map((each) => each.getAttribute('data-is')))
const codes = (page: Page) =>
  page.locator('.finding').evaluateAll((all) => all.map((each) => each.getAttribute('data-code')))

test('C79 the page finds nothing on a good path but the six connections of HTTP/1.1', async () => {
  const { page, errors } = await examined({})
  expect(await page.locator('body').getAttribute('data-level')).toBe('good')
  expect(await page.locator('#sentence').textContent()).toBe(
    'All is well: WebSockets, event streams and long-polling all get through.',
  )
  expect(await tiles(page)).toEqual(['works', 'works', 'works'])
  expect(await codes(page)).toEqual(['six-connections'])
  const rows = await page.locator('#rows').textContent()
  for (const said of ['EventSourceresumes', 'Cookiesarrive', 'silent WebSocketstill open after 1 s'])
    expect(rows).toContain(said)
  // Fewer on a machine that is too busy to send them all within a second, never more.
  expect(rows).toMatch(/at once[1-6] of 8/)
  expect(errors).toEqual([])
})

test('C53 C79 the page says what strips and holds, and copies a report', async () => {
  const { page } = await examined({ upgrade: 'strip', stream: 'hold' })
  expect(await page.locator('body').getAttribute('data-level')).toBe('findings')
  expect(await page.locator('#sentence').textContent()).toMatch(
    /^Live updates work here over long-polling\. /,
  )
  expect(await tiles(page)).toEqual(['fails', 'fails', 'works'])
  expect(await codes(page)).toEqual(['upgrade-stripped', 'sse-buffered', 'six-connections'])
  await page.locator('#copy').click()
  await page.locator('#copy', { hasText: 'Copied' }).waitFor()
  const report = await page.evaluate(() => navigator.clipboard.readText())
  expect(report).toMatch(/^# Everwire doctor\n\n\*\*Live updates work here over long-polling\./)
  expect(report).toContain('proxy_set_header Upgrade $http_upgrade;')
})

test('the page is served with a policy that lets it run nothing else, and not framed', async () => {
  const { base } = await openWire()
  const answer = await fetch(`${base}/doctor`)
  const policy = answer.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(answer.headers.get('x-robots-tag')).toBe('noindex')
  const html = await answer.text()
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)
  expect(loaded).toEqual(['data:,', 'doctor/page.css', 'doctor/page.js'])
  for (const file of ['page.css', 'page.js']) expect((await fetch(`${base}/doctor/${file}`)).status).toBe(200)
  expect((await fetch(`${base}/doctor/page.html`)).status).toBe(404)
})
