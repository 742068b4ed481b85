import { expect, test } from 'vitest'
import { checkStreams } from './stream/run.ts'

test('every reader gets everything once, in order, or is told: random stories of streams and faults', async () => {
  const { received } = await checkStreams(3_000)
  expect(received).toBeGreaterThan(50_000)
}, 120_000)
