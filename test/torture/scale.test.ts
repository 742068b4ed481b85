import { expect, test } from 'vitest'
import { scale } from './scale.ts'

test('a log is opened again, caught up with by many at once, and swept while it is published to', async () => {
  const figures = await scale({ messages: 6_000, channels: 60, clients: 50, behind: 200 })
  expect(figures['50 clients 200 behind']).toMatch(/^200 each from 2 channels/)
  expect(figures['the same while half is removed']).toMatch(/[1-9]\d* appends/)
})
