import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Connections } from '../../src/server/connections.ts'
import type { Connection } from '../../src/server/kernel.ts'

function connection(): Connection {
  return { principal: { id: '', user: undefined }, tick: () => {}, drain: () => {}, end: () => {} }
}

test('a round includes whoever comes while it lasts, and nobody who has left', () => {
  const all = new Connections()
  const [first, second, third, late] = [connection(), connection(), connection(), connection()]
  for (const each of [first, second, third]) all.add(each)
  const round = all.values()
  expect(round.next().value).toBe(first)
  all.delete(second)
  all.delete(second)
  all.add(late)
  expect(all.size).toBe(3)
  expect([...round]).toEqual([third, late])
  expect([...all]).toEqual([first, third, late])
})

test('whoever has come and gone is not kept, though a round is under way', async () => {
  const all = new Connections()
  for (let n = 0; n < 100; n++) all.add(connection())
  const round = all.values()
  round.next()
  const there: Connection[] = []
  const gone = Array.from({ length: 1_000 }, () => {
    const one = connection()
    all.add(one)
    if (there.push(one) > 20) for (const oldest of there.splice(0, 1)) all.delete(oldest)
    return new WeakRef(one)
  })
  for (const one of there.splice(0)) all.delete(one)
  // Until a turn is over, a new reference keeps what it refers to.
  await turn()
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  // A frame may still hold one or two; a set would hold a hundred and more.
  expect(gone.filter((each) => each.deref() !== undefined).length).toBeLessThan(10)
  expect([...round]).toHaveLength(99)
})
