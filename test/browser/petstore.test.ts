import { describe, expect, test } from 'vitest'
import { breakIt, counts, live, openDemo, told, visit, withBrowser } from './petstore-demo.ts'

const browser = withBrowser()

/** What a page counts that has everything once and in order. */
const whole = { lost: 0, doubled: 0, late: 0, gaps: 0 }

describe('the pages', () => {
  test('an adoption is seen live on the list and on the page of the pet, with a toast on both', async () => {
    const { url } = await openDemo()
    const list = await visit(browser.get(), url)
    const pet = await visit(browser.get(), url, { path: '/pets/123' })
    await pet.getByRole('button', { name: 'Adopt Biscuit' }).click()
    await list.locator('[data-pet="123"] .badge', { hasText: 'Adopted' }).waitFor()
    await pet.locator('.pet-head .badge', { hasText: 'Adopted' }).waitFor()
    for (const page of [list, pet]) await page.locator('.toast', { hasText: 'Biscuit has a home' }).waitFor()
    await pet.getByRole('button', { name: 'Undo the adoption' }).click()
    await list.locator('[data-pet="123"] .badge', { hasText: 'Available' }).waitFor()
    expect(await list.locator('.toast').count()).toBe(1)
  })

  test('C86 C91 adopter and coordinator chat; who is there and who types is shown, and goes away', async () => {
    const { url } = await openDemo()
    const adopter = await visit(browser.get(), url, { path: '/pets/126' })
    const staff = await visit(browser.get(), url, { path: '/staff' })
    await staff.getByRole('button', { name: 'Become a coordinator' }).click()
    await staff.getByRole('button', { name: 'Juniper' }).first().click()

    await adopter.locator('.chat header', { hasText: 'from the shelter is here' }).waitFor()
    const line = adopter.getByRole('textbox', { name: 'Message' })
    await line.pressSequentially('Does she like cats?')
    await staff.locator('.typing', { hasText: 'is typing' }).waitFor()
    await line.press('Enter')
    await staff.locator('.say', { hasText: 'Does she like cats?' }).waitFor()
    const answer = staff.locator('.inbox').getByRole('textbox', { name: 'Message' })
    await answer.fill('Only to chase them.')
    await adopter.locator('.typing', { hasText: 'is typing' }).waitFor()
    await adopter.locator('.typing:empty').waitFor({ state: 'attached' })
    await answer.press('Enter')
    await adopter.locator('.say', { hasText: 'Only to chase them.' }).waitFor()
    expect(await adopter.locator('.say p').allTextContents()).toEqual([
      'Does she like cats?',
      'Only to chase them.',
    ])
    await staff.getByRole('link', { name: 'Pets' }).click()
    await adopter.locator('.chat header', { hasText: 'a coordinator answers' }).waitFor()
  })

  test('C82 C84 what the staff writes appears on the page of the pet and as a toast', async () => {
    const { url } = await openDemo()
    const pet = await visit(browser.get(), url, { path: '/pets/123' })
    const staff = await visit(browser.get(), url, { path: '/staff' })
    await staff.getByRole('button', { name: 'Become a coordinator' }).click()
    await staff.getByLabel('What was done').fill('Ears cleaned')
    await staff.getByRole('button', { name: 'Add record' }).click()
    await pet.locator('.timeline .is-new', { hasText: 'Ears cleaned' }).waitFor()
    await staff.getByLabel('Title').fill('Open house')
    await staff.getByRole('textbox', { name: 'Message' }).last().fill('On Sunday')
    await staff.getByRole('button', { name: 'Send notification' }).click()
    await pet.locator('.toast', { hasText: 'Open house' }).waitFor()
    await pet.getByRole('button', { name: /^Notifications, \d new$/ }).click()
    await pet.locator('.notice', { hasText: 'Open house' }).waitFor()
    expect(await pet.locator('.timeline .is-new').count()).toBe(1)
  })

  test('fit 360 px, in light and dark, and links into them work', async () => {
    const { url } = await openDemo()
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const path of ['/', '/pets/130', '/staff', '/nowhere']) {
        const context = { viewport: { width: 360, height: 740 }, colorScheme }
        const page = await visit(browser.get(), url, { path, context })
        const become = page.getByRole('button', { name: 'Become a coordinator' })
        if (path === '/staff') await become.click()
        await page.locator('h1').waitFor()
        await page.locator('.wire-toggle').click()
        const tooWide = await page.evaluate(() =>
          [...document.querySelectorAll('header, main, footer, section, .wire-toggle, .segmented')]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
            .map((each) => each.className || each.tagName),
        )
        expect([path, ...tooWide]).toEqual([path])
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      }
    }
  })
})

describe('the wire', () => {
  test('the picker changes the transport, and the numbers go on without a hole', async () => {
    const { url } = await openDemo()
    const page = await visit(browser.get(), url)
    await live(page, 'websocket')
    for (const [name, transport] of [
      ['SSE', 'sse'],
      ['Long-poll', 'poll'],
      ['WebSocket', 'websocket'],
    ] as const) {
      await page.locator('.wire-line').getByRole('radio', { name, exact: true }).check()
      await live(page, transport)
      const { received = 0 } = await counts(page)
      await page.waitForFunction(
        (before) => Number(document.querySelector('[data-count=received]')?.textContent) > before + 1,
        received,
      )
    }
    expect(await counts(page)).toMatchObject(whole)
  })

  test('C43 the server killed in the middle of 1,000 messages: every page has each of them once', async () => {
    const { url } = await openDemo()
    const pages = await Promise.all(
      (['websocket', 'sse', 'poll'] as const).map((transport) =>
        visit(browser.get(), url, { transport, mayFail: true }),
      ),
    )
    const [first] = pages
    if (!first) throw new Error('there are pages')
    for (const page of pages)
      await page.waitForFunction(
        () => Number(document.querySelector('[data-count=received]')?.textContent) > 0,
      )
    await breakIt(first, 'burst')
    // In the middle: some have come, most have not.
    await first.waitForFunction(
      () => Number(document.querySelector('[data-count=received]')?.textContent.replace(',', '')) > 50,
    )
    await fetch(`${url}/demo/restart`, { method: 'POST' })
    await first.locator('[data-state="reconnecting"]').waitFor()
    expect((await counts(first))['received']).toBeLessThan(1_000)
    for (const page of pages) {
      await page.waitForFunction(
        () => Number(document.querySelector('[data-count=received]')?.textContent.replace(',', '')) > 1_000,
      )
      expect(await counts(page)).toMatchObject(whole)
    }
    expect(await told(first, /1,000 messages/)).toContain('0 lost')
  })

  test('C46 what is written while the server is away is sent when it is back, once', async () => {
    const { url } = await openDemo()
    const how = { path: '/pets/123', mayFail: true }
    const [writer, reader] = [await visit(browser.get(), url, how), await visit(browser.get(), url, how)]
    await fetch(`${url}/demo/restart`, { method: 'POST' })
    await writer.locator('[data-state="reconnecting"]').waitFor()
    const line = writer.getByRole('textbox', { name: 'Message' })
    for (const text of ['one', 'two', 'three']) {
      await line.fill(text)
      await line.press('Enter')
    }
    for (const page of [writer, reader]) {
      await page.locator('.say:not(.pending)', { hasText: 'three' }).waitFor()
      expect(await page.locator('.say p').allTextContents()).toEqual(['one', 'two', 'three'])
    }
  })

  test('C12 C20 C83 a bare EventSource in the page outlives the server, and misses nothing', async () => {
    const { url } = await openDemo()
    const page = await visit(browser.get(), url, { mayFail: true })
    await page.evaluate(async () => {
      const statuses: string[] = []
      Reflect.set(window, 'statuses', statuses)
      const updates = new EventSource('/v1/pets/123/updates')
      updates.addEventListener('statusChanged', ({ data }) => statuses.push(JSON.parse(data).status))
      await new Promise((resolve) => updates.addEventListener('connected', resolve))
    })
    const heard = (count: number) =>
      page.waitForFunction((wanted) => Reflect.get(window, 'statuses').length === wanted, count)
    await fetch(`${url}/v1/pets/123/adopt`, { method: 'POST' })
    await heard(1)
    await fetch(`${url}/demo/restart`, { method: 'POST' })
    await page.locator('[data-state="reconnecting"]').waitFor()
    await live(page)
    await fetch(`${url}/v1/pets/123/return`, { method: 'POST' })
    await fetch(`${url}/v1/pets/123/adopt`, { method: 'POST' })
    await heard(3)
    expect(await page.evaluate(() => Reflect.get(window, 'statuses'))).toEqual([
      'ADOPTED',
      'AVAILABLE',
      'ADOPTED',
    ])
  })

  test('a dropped connection comes back, and what was missed is recovered', async () => {
    const { url } = await openDemo()
    const page = await visit(browser.get(), url, { mayFail: true })
    await breakIt(page, 'drop')
    expect(await told(page, /connection dropped/)).toMatch(/→ \w+ in [\d.]+ s, \d+ recovered, 0 lost/)
    expect(await counts(page)).toMatchObject(whole)
  })

  test('C51 a blocked upgrade leads to SSE, and the page says why', async () => {
    const { url } = await openDemo()
    const page = await visit(browser.get(), url, { mayFail: true })
    await breakIt(page, 'block')
    await live(page, 'sse')
    expect(await told(page, /upgrade blocked/)).toMatch(/→ SSE in [\d.]+ s, \d+ recovered, 0 lost/)
    await told(page, /SSE \(websocket blocked\)/)
  })

  test('C53 a buffered stream leads to long-polling, and nothing is lost', async () => {
    const { url } = await openDemo()
    const page = await visit(browser.get(), url, { mayFail: true })
    await breakIt(page, 'buffer')
    await live(page, 'poll')
    expect(await told(page, /stream buffered/)).toMatch(/→ Long-poll in [\d.]+ s, \d+ recovered, 0 lost/)
    expect(await counts(page)).toMatchObject(whole)
  })

  test('only pages of the demo itself may break it', async () => {
    const { url } = await openDemo()
    const foreign = await fetch(`${url}/demo/restart`, {
      method: 'POST',
      headers: { origin: 'https://elsewhere.example' },
    })
    expect(foreign.status).toBe(403)
    expect((await fetch(`${url}/demo/restart`)).status).toBe(403)
  })
})
