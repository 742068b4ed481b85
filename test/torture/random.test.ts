import { expect, test } from 'vitest'
import { optionsOf } from './random/options.ts'
import { torture } from './random/run.ts'

// As long as wanted: npm run torture -- --seconds 3600 --store memory
test.concurrent.for(['sqlite', 'memory'] as const)(
  'on %s everybody gets everything once, in order, or is told, through every fault that this machine can do',
  { timeout: 150_000 },
  async (store) => {
    const seed = process.env['SEED'] ?? String(Date.now() % 1e9)
    const options = optionsOf(['--store', store, '--seed', seed, '--seconds', '30'])
    if (options === 'help') throw new Error('no help was asked for')
    const { examples, total, deliveries } = await torture(options, () => {})
    expect(examples, `SEED=${seed}`).toEqual([])
    expect(total, `SEED=${seed}`).toBe(0)
    expect(deliveries, `SEED=${seed}`).toBeGreaterThan(1_000)
  },
)
