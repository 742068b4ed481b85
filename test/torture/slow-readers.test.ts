import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { faultsOf, slowReaders } from './slow/run.ts'

// Readers in Python: Node cannot set the receive buffer of a socket. Linux: /proc tells the memory.
const missing = process.platform !== 'linux' || spawnSync('python3', ['--version']).status !== 0

test.skipIf(missing).concurrent.for([
  ['websocket', false],
  ['sse', true],
  ['poll', false],
] as const)(
  'readers that never read by %s, stall limit %s, cost bounded memory, harm nobody, and get everything later (Linux, python3)',
  { timeout: 120_000 },
  async ([transport, stall]) => {
    const load = { owed: 4 * 1024 * 1024, size: 16 * 1024, perSecond: 200 }
    const report = await slowReaders({ transport, stall, slow: 60, healthy: 4, ...load })
    expect(faultsOf(report)).toEqual([])
    expect(report.groups.slow.resumes > 0).toBe(stall)
    for (const group of Object.values(report.groups)) expect(group.gaps).toBe(0)
  },
)
