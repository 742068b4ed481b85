import { expect, test } from 'vitest'
import { comings } from './comings.ts'

test.skipIf(process.platform !== 'linux')(
  'C14 clients that come and go, politely or not, leave nothing behind on any transport (Linux)',
  { timeout: 120_000 },
  async () => {
    const reports = await comings(1_000)
    expect(reports.map(({ transport }) => transport)).toEqual(['websocket', 'sse', 'poll'])
    for (const { before, most, after } of reports) {
      expect(most.connections).toBe(50)
      expect(most.channels).toBe(5)
      expect(most.descriptors).toBeGreaterThanOrEqual(before.descriptors + 50)
      const { connections, channels, sockets, timers, listeners, descriptors } = after
      expect({ connections, channels, sockets }).toEqual({ connections: 0, channels: 0, sockets: 0 })
      expect(listeners).toBe(before.listeners)
      expect(descriptors).toBeLessThanOrEqual(before.descriptors)
      expect(timers).toBeLessThanOrEqual(before.timers + 2)
      // A thousand connections that were kept would be 5 MiB and more.
      expect(after.heap - before.heap).toBeLessThan(1024 * 1024)
    }
  },
)
