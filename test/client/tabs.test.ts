import { expect, onTestFinished, test, vi } from 'vitest'
import { platform } from '../../src/client/env.ts'
import { shared, type TransportChange } from '../../src/client/index.ts'
import { meddlingProxy, type Meddling } from '../support/meddling-proxy.ts'
import { openWire } from '../support/wire.ts'

/** A page that all tabs of a test have in common, as far as its events go. */
function openPage(): EventTarget {
  const page = new EventTarget()
  vi.stubGlobal('document', { visibilityState: 'visible' })
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  onTestFinished(() => void vi.unstubAllGlobals())
  return page
}

/** A tab, its connections among those of the other tabs of the test. */
function openTab(url: string) {
  const wire = shared(url, { name: 'ada' })
  onTestFinished(() => wire.close())
  const took: string[] = []
  wire.on('transport', ({ transport, reason }: TransportChange) => took.push(`${transport}: ${reason}`))
  const got: unknown[] = []
  const channel = wire.channel('a')
  channel.onMessage(({ data }) => got.push(data))
  const subscribed = new Promise((resolve) => channel.on('subscribed', resolve))
  return { wire, took, got, subscribed }
}

test('every tab is told which way the connection of the tab that leads takes, and when it takes another', async () => {
  const page = openPage()
  // A connection is trusted, and a better one tried, after 0.1 s instead of 10.
  const { later } = platform
  vi.spyOn(platform, 'later').mockImplementation((ms, run) => later(ms === 10_000 ? 100 : ms, run))
  onTestFinished(() => void vi.restoreAllMocks())
  const { port } = await openWire()
  const path: { -readonly [Name in keyof Meddling]: Meddling[Name] } = { upgrade: 'refuse' }
  const proxy = await meddlingProxy(port, path)
  onTestFinished(() => proxy.close())
  const tabs = [openTab(`${proxy.url}/wire`), openTab(`${proxy.url}/wire`)]
  await Promise.all(tabs.map(({ subscribed }) => subscribed))
  const first = 'sse: websocket blocked'
  for (const { took } of tabs) expect(took).toEqual([first])
  path.upgrade = 'pass'
  page.dispatchEvent(new Event('online'))
  for (const { took } of tabs)
    await expect.poll(() => took, { timeout: 10_000 }).toEqual([first, 'websocket: preferred'])
})
