import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { slowReaders } from './slow-readers.ts'

// Readers in Python: Node cannot set the receive buffer of a socket. Linux: /proc tells the memory.
const missing = process.platform !== 'linux' || spawnSync('python3', ['--version']).status !== 0

test.skipIf(missing)(
  'readers that never read stop their cursors, cost bounded memory, harm nobody, and get everything later (Linux, python3)',
  { timeout: 120_000 },
  async () => {
    const [slow, messages] = [80, 3_000]
    const report = await slowReaders({ slow, healthy: 8, messages })
    const owedMib = (slow * messages * 1_018) / 1024 / 1024
    expect(owedMib).toBeGreaterThan(200)
    expect(report.rss.owed - report.rss.before).toBeLessThan(120)
    expect(report.sockets.owed - report.sockets.before).toBeLessThan(60)
    for (const group of [report.healthy, report.slow]) {
      expect(group).toMatchObject({ least: messages, lost: 0, doubled: 0, gaps: 0 })
    }
  },
)
