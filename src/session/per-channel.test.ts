import { expect, test } from 'vitest'
import { PerChannel } from './per-channel.ts'

test('is a map by channel, whichever comes and goes first', () => {
  const some = new PerChannel<{ readonly n: number }>()
  const known = new Map<string, { readonly n: number }>()
  // Every order in which three channels come and go, and more.
  for (let n = 0; n < 3_000; n++) {
    const channel = 'abc'.charAt((n * n + (n >> 3)) % 3)
    if (known.has(channel)) {
      known.delete(channel)
      some.delete(channel)
    } else {
      known.set(channel, { n })
      some.add(channel, { n })
    }
    expect(some.size).toBe(known.size)
    for (const each of 'abc') expect(some.get(each)).toEqual(known.get(each))
    expect(new Set(some.all.map((each) => each.n))).toEqual(
      new Set([...known.values()].map((each) => each.n)),
    )
  }
  some.clear()
  expect([some.size, some.get('a'), some.all]).toEqual([0, undefined, []])
})
