import assert from 'node:assert/strict'
import type { NewEntry } from '../../log/log.ts'
import { dedupeMs, entry, refused, seqs, type Clause } from './scene.ts'

export const keys: readonly Clause[] = [
  [
    'L3 a key is appended once, and its repetition gets the first answer',
    async (scene) => {
      const [first] = await scene.log.append([entry('a', '1', 'k')])
      scene.pass(5)
      const [again] = await scene.log.append([entry('a', '1', 'k')])
      assert.deepEqual(first, { seq: 1, duplicate: false, time: scene.now - 5 })
      assert.deepEqual(again, { seq: 1, duplicate: true, time: scene.now - 5 })
      assert.deepEqual(await scene.texts('a'), ['1'])
    },
  ],
  [
    'L3 a key holds among appends under way and within one batch',
    async (scene) => {
      const appended = await Promise.all(
        Array.from({ length: 20 }, async () =>
          scene.log.append([entry('a', '1', 'k'), entry('a', '1', 'k')]),
        ),
      )
      assert.deepEqual(
        appended.flat().map(({ seq }) => seq),
        Array(40).fill(1),
      )
      assert.equal(appended.flat().filter(({ duplicate }) => !duplicate).length, 1)
      assert.equal(await scene.log.head(), 1)
    },
  ],
  [
    'L3 of a batch that is partly known only the rest is appended',
    async (scene) => {
      await scene.log.append([entry('a', '1', 'k1')])
      const appended = await scene.log.append([
        entry('a', '2', 'k2'),
        entry('a', '1', 'k1'),
        entry('a', '3', 'k3'),
      ])
      assert.deepEqual(
        appended.map(({ seq, duplicate }) => [seq, duplicate]),
        [
          [2, false],
          [1, true],
          [3, false],
        ],
      )
    },
  ],
  [
    'L3 channel, principal and key are each told apart: no scope runs into another',
    async (scene) => {
      const scopes = [
        ['a', 'bc', 'd'],
        ['ab', 'c', 'd'],
        ['a', 'b', 'cd'],
        ['a', 'bcd', ''],
        ['abcd', '', ''],
        ['a', '', 'bcd'],
        ['a', 'b:c', 'd'],
        ['a', 'b', ':cd'],
        ['a', 'b"', 'c'],
        ['a', 'b', '"c'],
        ['a', '\ud800', 'd'],
        ['a', '\ud801', 'd'],
      ]
      const appended = await scene.log.append(
        scopes.map(([channel = '', principal, key]) => entry(channel, '1', key, principal)),
      )
      assert.deepEqual(
        appended.map(({ duplicate }) => duplicate),
        scopes.map(() => false),
      )
    },
  ],
  [
    'L3 a key used again for another message is refused, and spoils nothing else',
    async (scene) => {
      const key = { principal: 'me', key: 'k' }
      const first: NewEntry = { channel: 'latest/a', event: 'e', data: '1', slot: 's', key }
      await scene.log.append([first])
      const others: NewEntry[] = [
        { ...first, event: 'f' },
        { ...first, data: '2' },
        { ...first, data: new Uint8Array([49]) },
        { ...first, slot: 't' },
        { ...first, removed: true },
      ]
      const attempts = others.map((other) => refused(scene.log.append([other]), 'key-reused'))
      const fine = scene.log.append([entry('b', '1')])
      await Promise.all(attempts)
      assert.deepEqual(seqs(await fine), [2])
      await refused(scene.log.append([entry('c', '1', 'x'), entry('c', '2', 'x')]), 'key-reused')
      assert.equal((await scene.log.append([first]))[0]?.duplicate, true)
      assert.equal(await scene.log.head(), 2)
    },
  ],
  [
    'L3 a refused or failed batch leaves no key behind',
    async (scene) => {
      await scene.log.append([entry('a', '1', 'k')])
      await refused(scene.log.append([entry('a', '2', 'fresh'), entry('a', '9', 'k')]), 'key-reused')
      const [appended] = await scene.log.append([entry('a', '3', 'fresh')])
      assert.equal(appended?.duplicate, false)
    },
  ],
  [
    'L3 a key outlives the trimming of its entry',
    async (scene) => {
      await scene.log.append([entry('few/a', '0', 'k')])
      await scene.say('few/a', '1', '2', '3', '4')
      assert.deepEqual(await scene.texts('few/a'), ['2', '3', '4'])
      await scene.log.sweep()
      const [again] = await scene.log.append([entry('few/a', '0', 'k')])
      assert.deepEqual([again?.seq, again?.duplicate], [1, true])
      await refused(scene.log.append([entry('few/a', '1', 'k')]), 'key-reused')
    },
  ],
  [
    'L3 a key is forgotten after its window, swept or not, and counts from its last use as new',
    async (scene) => {
      assert.equal(scene.log.dedupeMs, dedupeMs)
      await scene.log.append([entry('a', '1', 'k'), entry('a', '1', 'swept')])
      scene.pass(dedupeMs - 1)
      await scene.log.sweep()
      assert.equal((await scene.log.append([entry('a', '1', 'k')]))[0]?.duplicate, true)
      scene.pass(1)
      assert.equal((await scene.log.append([entry('a', '2', 'k')]))[0]?.duplicate, false)
      await scene.log.sweep()
      assert.equal((await scene.log.append([entry('a', '3', 'swept')]))[0]?.duplicate, false)
      assert.equal((await scene.log.append([entry('a', '2', 'k')]))[0]?.seq, 3)
    },
  ],
  [
    'L3 a key is as durable as its entry',
    async (scene) => {
      await scene.log.append([entry('a', '1', 'k')])
      await scene.reopen()
      const [again] = await scene.log.append([entry('a', '1', 'k')])
      assert.deepEqual([again?.seq, again?.duplicate], [1, true])
      await refused(scene.log.append([entry('a', '2', 'k')]), 'key-reused')
    },
  ],
]
