import { expect, test } from 'vitest'
import { checkStore } from './log/stores.ts'

test('the memory log does what the model does, whatever happens', async () => {
  await expect(checkStore('memory', { runs: 4_000 })).resolves.toBeUndefined()
}, 60_000)

test('the SQLite log does what the model does, whatever happens', async () => {
  await expect(checkStore('sqlite', { runs: 30 })).resolves.toBeUndefined()
}, 120_000)
