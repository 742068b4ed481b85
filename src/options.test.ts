import { expect, test } from 'vitest'
import { channelTable, checkOptions } from './options.ts'

test('a message ages within a day by itself, the latest value of a slot never', () => {
  const rules = channelTable(
    checkOptions({
      channels: { 'log/*': {}, 'price/*': { keep: 'latest' }, 'old/*': { keep: 'latest', age: '7d' } },
    }),
  )
  expect(rules.log('log/1').ageMs).toBe(86_400_000)
  expect(rules.log('price/1').ageMs).toBe(Number.MAX_SAFE_INTEGER)
  expect(rules.log('old/1').ageMs).toBe(7 * 86_400_000)
})
