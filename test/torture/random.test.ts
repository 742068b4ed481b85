import { expect, test } from 'vitest'
import { torture } from './random/run.ts'

// As long as wanted: node test/torture/random/main.ts [seconds] [sqlite|memory] [seed]
test.for(['sqlite', 'memory'] as const)(
  'on %s everybody gets everything once, in order, or is told, through cuts, kills and stalls',
  { timeout: 90_000 },
  async (store) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
    const report = await torture({ seed, seconds: 9, store })
    expect(report.violations, `SEED=${seed}`).toEqual([])
    expect(report.delivered, `SEED=${seed}`).toBeGreaterThan(1_000)
  },
)
