import assert from 'node:assert/strict'
import { ageMs, entry, seqs, tombstoneMs, type Clause } from './scene.ts'

export const retention: readonly Clause[] = [
  [
    'L6 trimmed names the channels of which retention has removed something after the cursor, and no other',
    async (scene) => {
      await scene.say('quiet', '1')
      await scene.say('few/a', '2', '3', '4', '5', '6')
      await scene.say('few/quiet', '7')
      const channels = ['quiet', 'few/a', 'few/quiet', 'never']
      const page = await scene.read(channels)
      assert.deepEqual(page.trimmed, [{ channel: 'few/a', through: 3, oldest: 4, head: 6 }])
      assert.deepEqual(seqs(page.entries), [1, 4, 5, 6, 7])
      assert.equal((await scene.read(channels, 2)).trimmed.length, 1)
      assert.deepEqual((await scene.read(channels, 3)).trimmed, [])
    },
  ],
  [
    'L6 a channel without a rule that has trimmed is never named, however old its entries',
    async (scene) => {
      await scene.say('quiet', '1')
      scene.pass(100_000)
      await scene.log.sweep()
      await scene.say('other', ...Array.from({ length: 50 }, String))
      assert.deepEqual((await scene.read(['quiet', 'never'])).trimmed, [])
    },
  ],
  [
    'L6 bytes are a bound, and the newest entry stays even if it is larger',
    async (scene) => {
      await scene.say('small/a', '"1234"', '"56"')
      assert.deepEqual(await scene.texts('small/a'), ['"1234"', '"56"'])
      await scene.say('small/a', '"7"')
      assert.deepEqual(await scene.texts('small/a'), ['"56"', '"7"'])
      await scene.say('small/a', '"much larger than the bound"')
      assert.deepEqual(await scene.texts('small/a'), ['"much larger than the bound"'])
      assert.deepEqual((await scene.read(['small/a'])).trimmed, [
        { channel: 'small/a', through: 3, oldest: 4, head: 4 },
      ])
      await scene.say('small/a', '"8"')
      assert.deepEqual(await scene.texts('small/a'), ['"8"'])
    },
  ],
  [
    'L6 a batch larger than the bound keeps its end',
    async (scene) => {
      await scene.log.append(['1', '2', '3', '4', '5'].map((text) => entry('few/a', text)))
      assert.deepEqual(await scene.texts('few/a'), ['3', '4', '5'])
      await scene.reopen()
      await scene.say('few/a', '6')
      assert.deepEqual(await scene.texts('few/a'), ['4', '5', '6'])
    },
  ],
  [
    'L6 sweep removes what is older than its age, down to nothing, and remembers that',
    async (scene) => {
      await scene.say('short/a', '1', '2')
      scene.pass(ageMs)
      await scene.log.sweep()
      assert.deepEqual((await scene.read(['short/a'])).trimmed, [])
      await scene.say('short/a', '3')
      scene.pass(1)
      await scene.log.sweep()
      assert.deepEqual(await scene.texts('short/a'), ['3'])
      scene.pass(ageMs)
      await scene.log.sweep()
      await scene.reopen()
      assert.deepEqual((await scene.read(['short/a'], 2)).trimmed, [
        { channel: 'short/a', through: 3, oldest: undefined, head: undefined },
      ])
      assert.deepEqual((await scene.read(['short/a'], 3)).trimmed, [])
    },
  ],
  [
    'L6 sweep removes as many as there are',
    async (scene) => {
      const texts = Array.from({ length: 1_300 }, (_, i) => String(i))
      await scene.log.append(texts.map((text) => entry('short/a', text, `k${text}`)))
      scene.pass(100_000)
      await scene.log.sweep()
      assert.deepEqual(await scene.texts('short/a'), [])
    },
  ],
  [
    'L7 latest keeps the newest entry of each slot, and what it superseded is not trimmed',
    async (scene) => {
      await scene.set('latest/a', 'x', '1')
      await scene.set('latest/a', 'y', '2')
      await scene.set('latest/a', 'x', '3')
      await scene.say('latest/a', '4', '5')
      const page = await scene.read(['latest/a'])
      assert.deepEqual(
        page.entries.map(({ seq, slot, data }) => [seq, slot, data]),
        [
          [2, 'y', '2'],
          [3, 'x', '3'],
          [5, '', '5'],
        ],
      )
      assert.deepEqual(page.trimmed, [])
      assert.deepEqual(seqs((await scene.read(['latest/a'], 2)).entries), [3, 5])
    },
  ],
  [
    'L7 slots belong to their channel, and all-keeping channels have none',
    async (scene) => {
      await scene.set('latest/a', 'x', '1')
      await scene.set('latest/b', 'x', '2')
      await scene.set('all', 'x', '3')
      await scene.set('all', 'x', undefined)
      const { entries } = await scene.read(['latest/a', 'latest/b', 'all'])
      assert.deepEqual(
        entries.map(({ slot, removed }) => [slot, removed]),
        [
          ['x', false],
          ['x', false],
          [undefined, false],
          [undefined, false],
        ],
      )
    },
  ],
  [
    'L7 a removal is kept for its time, then forgotten, which is trimming',
    async (scene) => {
      await scene.set('latest/a', 'x', '1')
      await scene.set('latest/a', 'y', '2')
      await scene.set('latest/a', 'x', undefined)
      const kept = await scene.read(['latest/a'])
      assert.deepEqual(
        kept.entries.map(({ slot, removed }) => [slot, removed]),
        [
          ['y', false],
          ['x', true],
        ],
      )
      scene.pass(tombstoneMs)
      await scene.log.sweep()
      assert.deepEqual((await scene.read(['latest/a'])).trimmed, [])
      scene.pass(1)
      await scene.log.sweep()
      const page = await scene.read(['latest/a'], 2)
      assert.deepEqual(page.trimmed, [{ channel: 'latest/a', through: 3, oldest: 2, head: 2 }])
      assert.deepEqual((await scene.read(['latest/a'], 3)).trimmed, [])
    },
  ],
  [
    'L7 a slot that is set again after its removal is no removal any more',
    async (scene) => {
      await scene.set('latest/a', 'x', '1')
      await scene.set('latest/a', 'x', undefined)
      await scene.set('latest/a', 'x', '2')
      scene.pass(tombstoneMs + 1)
      await scene.log.sweep()
      const page = await scene.read(['latest/a'])
      assert.deepEqual(seqs(page.entries), [3])
      assert.deepEqual(page.trimmed, [])
    },
  ],
  [
    'L7 count bounds values and removals apart, oldest first',
    async (scene) => {
      for (const slot of ['w', 'x', 'y']) await scene.set('latest-few/a', slot, '1')
      assert.deepEqual(seqs((await scene.read(['latest-few/a'])).entries), [2, 3])
      for (const slot of ['p', 'q', 'r']) await scene.set('latest-few/a', slot, undefined)
      const page = await scene.read(['latest-few/a'])
      assert.deepEqual(seqs(page.entries), [2, 3, 5, 6])
      assert.deepEqual(page.trimmed, [{ channel: 'latest-few/a', through: 4, oldest: 2, head: 6 }])
      await scene.reopen()
      await scene.set('latest-few/a', 'z', '1')
      assert.deepEqual(seqs((await scene.read(['latest-few/a'])).entries), [3, 5, 6, 7])
    },
  ],
  [
    'L7 bytes bound a latest channel, removals first, and age its values',
    async (scene) => {
      await scene.set('latest-small/a', 'x', '"1"')
      await scene.set('latest-small/a', 'y', undefined)
      await scene.set('latest-small/a', 'z', '"23"')
      assert.deepEqual(seqs((await scene.read(['latest-small/a'])).entries), [1, 3])
      await scene.set('latest-short/a', 'x', '1')
      scene.pass(ageMs + 1)
      await scene.log.sweep()
      const page = await scene.read(['latest-short/a'], 3)
      assert.deepEqual(page.trimmed, [
        { channel: 'latest-short/a', through: 4, oldest: undefined, head: undefined },
      ])
    },
  ],
]
