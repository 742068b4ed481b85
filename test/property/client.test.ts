import { expect, test } from 'vitest'
import { checkClients, checkPace } from './client/run.ts'

test('every message comes once or is told missing, every publish takes effect once or is unknown', async () => {
  const tally = await checkClients(3_000)
  expect(tally.received).toBeGreaterThan(100_000)
  expect(tally.published).toBeGreaterThan(50_000)
  expect(tally.gaps).toBeGreaterThan(100)
}, 120_000)

test('on paths that open and are cut at once, attempts thin out', async () => {
  await expect(checkPace()).resolves.toBeLessThan(80)
})
