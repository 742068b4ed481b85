import assert from 'node:assert/strict'
import { entry, refused, seqs, type Clause } from './scene.ts'

export const appending: readonly Clause[] = [
  [
    'L1 one sequence from 1 numbers the entries of all channels',
    async (scene) => {
      assert.equal(await scene.log.head(), 0)
      assert.deepEqual(await scene.say('a', '1', '2'), [1, 2])
      assert.deepEqual(await scene.say('b', '3'), [3])
      assert.deepEqual(await scene.say('a', '4'), [4])
      assert.equal(await scene.log.head(), 4)
    },
  ],
  [
    'L1 appends under way at once are numbered in the order of their calls',
    async (scene) => {
      const texts = Array.from({ length: 300 }, (_, i) => String(i))
      assert.deepEqual(
        await scene.say('a', ...texts),
        texts.map((_, i) => i + 1),
      )
      assert.deepEqual(await scene.texts('a'), texts)
    },
  ],
  [
    'L1 the sequence goes on behind everything that was ever appended, trimmed or not',
    async (scene) => {
      await scene.say('short/a', '1', '2')
      scene.pass(10_000)
      await scene.log.sweep()
      assert.deepEqual(await scene.texts('short/a'), [])
      await scene.reopen()
      assert.equal(await scene.log.head(), 2)
      assert.deepEqual(await scene.say('b', '3'), [3])
    },
  ],
  [
    'L2 the entries of a batch are adjacent and in the order given, whatever else is appended at once',
    async (scene) => {
      const batch = (name: string) => ['a', 'b', 'a'].map((channel, i) => entry(channel, `"${name}${i}"`))
      const appended = await Promise.all(
        Array.from({ length: 50 }, async (_, i) => scene.log.append(batch(`${i}-`))),
      )
      for (const [i, of] of appended.entries()) assert.deepEqual(seqs(of), [3 * i + 1, 3 * i + 2, 3 * i + 3])
      const page = await scene.read(['a', 'b'])
      assert.deepEqual(
        page.entries.slice(0, 3).map(({ channel, data }) => [channel, data]),
        [
          ['a', '"0-0"'],
          ['b', '"0-1"'],
          ['a', '"0-2"'],
        ],
      )
    },
  ],
  [
    'L2 of a batch that is refused nothing is appended, and the others of the same moment are',
    async (scene) => {
      await scene.log.append([entry('a', '1', 'k')])
      const refusedBatch = scene.log.append([entry('a', '2'), entry('a', '3', 'k'), entry('b', '4')])
      const others = Promise.all([scene.log.append([entry('a', '5')]), scene.log.append([entry('b', '6')])])
      await refused(refusedBatch, 'key-reused')
      assert.deepEqual(seqs((await others).flat()), [2, 3])
      assert.deepEqual(await scene.texts('a'), ['1', '5'])
      assert.deepEqual(await scene.texts('b'), ['6'])
    },
  ],
  [
    'L2 what has been acknowledged is seen by every later read, head and history',
    async (scene) => {
      for (let i = 1; i <= 20; i++) {
        const [seq] = await scene.say('a', String(i))
        const [head, page, [newest]] = await Promise.all([
          scene.log.head(),
          scene.read(['a'], i - 1),
          scene.log.history({ channel: 'a', limit: 1, order: 'backward' }),
        ])
        assert.equal(head, seq)
        assert.equal(page.through, seq)
        assert.deepEqual(seqs(page.entries), [seq])
        assert.equal(newest?.seq, seq)
      }
    },
  ],
  [
    'L2 an empty batch appends nothing',
    async (scene) => {
      assert.deepEqual(await scene.log.append([]), [])
      assert.equal(await scene.log.head(), 0)
    },
  ],
  [
    'L10 a closed log refuses to append and to read',
    async (scene) => {
      await scene.say('a', '1')
      await scene.log.close()
      await refused(scene.log.append([entry('a', '2')]), 'store-unavailable')
      await refused(scene.read(['a']), 'store-unavailable')
      await refused(scene.log.history({ channel: 'a', limit: 1, order: 'forward' }), 'store-unavailable')
      await scene.log.close()
    },
  ],
  [
    'L10 an append under way while the log closes is kept or refused, as it was told',
    async (scene) => {
      const appends = Array.from({ length: 20 }, async (_, i) => scene.log.append([entry('a', String(i))]))
      const told = Promise.allSettled(appends)
      await scene.log.close()
      const kept = (await told).flatMap((each, i) => (each.status === 'fulfilled' ? [String(i)] : []))
      if (!scene.canReopen) return
      await scene.reopen()
      assert.deepEqual(await scene.texts('a'), kept)
    },
  ],
  [
    'L11 previous names the nearest earlier entry ever appended in the channel; 0: there was none',
    async (scene) => {
      await scene.say('few/a', '1')
      await scene.say('b', '2')
      await scene.say('few/a', '3', '4', '5', '6')
      const { entries } = await scene.read(['few/a', 'b'])
      assert.deepEqual(
        entries.map(({ seq, previous }) => [seq, previous]),
        [
          [2, 0],
          [4, 3],
          [5, 4],
          [6, 5],
        ],
      )
    },
  ],
  [
    'L11 previous reaches across entries that have all been trimmed, and across a reopening',
    async (scene) => {
      await scene.say('short/a', '1', '2')
      await scene.say('b', '3')
      scene.pass(10_000)
      await scene.log.sweep()
      await scene.reopen()
      await scene.say('short/a', '4')
      const { entries } = await scene.read(['short/a'])
      assert.deepEqual(
        entries.map(({ seq, previous }) => [seq, previous]),
        [[4, 2]],
      )
    },
  ],
]
