import { expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'

test('the browser has all three of the transports that the client chooses from', async () => {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    expect(await page.evaluate(() => [typeof WebSocket, typeof EventSource, typeof fetch])).toEqual([
      'function',
      'function',
      'function',
    ])
  } finally {
    await browser.close()
  }
})
