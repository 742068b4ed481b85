import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { startPetstore } from '../../examples/petstore/server.ts'
import { launchChromium } from './chromium.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One browser for the tests of a file. */
export function withBrowser(): { readonly get: () => Browser } {
  let browser: Browser | undefined
  beforeAll(async () => {
    // The demo's process runs what is built, as its visitors do.
    execFileSync(process.execPath, ['scripts/setup.mjs', '--build'], { cwd: root, stdio: 'inherit' })
    browser = await launchChromium()
  }, 120_000)
  afterAll(() => browser?.close())
  return {
    get() {
      if (!browser) throw new Error('the browser has not been started')
      return browser
    },
  }
}

/** The demo on a free port, with data of its own; ends with the test. */
export async function openDemo() {
  const demo = await startPetstore({ port: 0 })
  onTestFinished(() => demo.close())
  return demo
}

export interface Visit {
  readonly path?: string
  readonly transport?: 'websocket' | 'sse' | 'poll'
  readonly context?: BrowserContextOptions
  /** What breaks connections makes Chromium itself write errors to the console. */
  readonly mayFail?: boolean
}

/** A visitor of their own with one page, which is live; a reload or an error of the page fails the test. */
export async function visit(browser: Browser, url: string, how: Visit = {}): Promise<Page> {
  const context = await browser.newContext(how.context ?? {})
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !how.mayFail) errors.push(message.text())
  })
  const { transport } = how
  if (transport) await page.addInitScript((chosen) => sessionStorage.setItem('transport', chosen), transport)
  await page.goto(url + (how.path ?? '/'))
  await live(page, transport)
  await page.evaluate(() => Reflect.set(window, 'marker', 'same page'))
  onTestFinished(async () => {
    const marker = await page.evaluate(() => Reflect.get(window, 'marker'))
    await context.close()
    expect([marker, ...errors]).toEqual(['same page'])
  })
  return page
}

/** Messages flow, over this transport if one is named. */
export async function live(page: Page, transport?: string): Promise<void> {
  const by = transport ? `[data-transport="${transport}"]` : ''
  await page.locator(`[data-state="live"]${by}, [data-state="recovered"]${by}`).waitFor()
}

/** What the page has counted for itself. */
export async function counts(page: Page): Promise<Record<string, number>> {
  const entries = await page
    .locator('[data-count]')
    .evaluateAll((all) =>
      all.map((each) => [
        each.getAttribute('data-count') ?? '',
        Number(each.textContent.replaceAll(',', '')),
      ]),
    )
  return Object.fromEntries(entries)
}

export async function breakIt(page: Page, how: string): Promise<void> {
  const button = page.locator(`[data-break="${how}"]`)
  if (!(await button.isVisible())) await page.locator('.wire-toggle').click()
  await button.click()
}

/** The journal's entry that has this text. */
export async function told(page: Page, text: RegExp): Promise<string> {
  const entry = page.locator('.journal li').filter({ hasText: text }).first()
  await entry.waitFor()
  return (await entry.textContent()) ?? ''
}
