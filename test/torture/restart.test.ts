import { expect, test } from 'vitest'
import { rollingRestart } from './restart.ts'

test.each([
  ['SIGTERM', 0, { 'sse: draining': 30, 'websocket: 4512': 30 }],
  ['SIGKILL', 'SIGKILL', { 'websocket: 1006': 30 }],
] as const)(
  'a server that is replaced by %s gets every client back, and none has lost or doubled anything',
  { timeout: 120_000 },
  async (signal, exit, endings) => {
    const [report] = await rollingRestart({ clients: 90, restarts: 1, signal })
    expect(report).toMatchObject({ open: 90, lost: 0, doubled: 0, gaps: 0, exit, endings })
    expect(report?.exitMs).toBeLessThan(5_000)
    expect(report?.acknowledged).toBeGreaterThanOrEqual(20)
  },
)
