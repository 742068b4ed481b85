import assert from 'node:assert/strict'
import { assertWhole, entry, sameEntries, seqs, Watching, type Clause } from './scene.ts'

export const spine: readonly Clause[] = [
  [
    'L8 a watch yields every append after its start, in order, each once, without a hole',
    async (scene) => {
      const watching = new Watching(scene.log, 0)
      await scene.say('a', '1', '2')
      await Promise.all([scene.say('b', '3'), scene.log.append([entry('a', '4'), entry('c', '5')])])
      await watching.reached(5)
      assertWhole(watching.steps, 0)
      assert.deepEqual(seqs(watching.appends), [1, 2, 3, 4, 5])
      assert.deepEqual(
        watching.appends.map(({ channel }) => channel),
        ['a', 'a', 'b', 'a', 'c'],
      )
    },
  ],
  [
    'L8 what a step carries is what a read gives',
    async (scene) => {
      const watching = new Watching(scene.log, 0)
      await scene.log.append([
        entry('a', '1', 'k'),
        { channel: 'latest/x', event: 'e', data: new Uint8Array([1, 2]), slot: 's' },
        { channel: 'latest/y', event: 'e', data: 'null', slot: 's', removed: true },
        entry('a', '2'),
      ])
      await scene.log.append([entry('a', '1', 'k'), entry('a', '3')])
      await watching.reached(5)
      const { entries } = await scene.read(['a', 'latest/x', 'latest/y'])
      const carried = watching.appends.map((append) => append.entry)
      assert.ok(carried.includes(undefined) || sameEntries(carried, entries))
    },
  ],
  [
    'L8 an append has been told to the watchers by the time it is acknowledged',
    async (scene) => {
      const watching = new Watching(scene.log, 0)
      for (let i = 1; i <= 20; i++) {
        await scene.say('a', String(i))
        assert.ok(watching.through >= i)
      }
    },
  ],
  [
    'L8 watchers are called neither within watch nor within append, and not after their stop',
    async (scene) => {
      await scene.say('a', '1')
      const watching = new Watching(scene.log, 0)
      assert.equal(watching.steps.length, 0)
      await watching.reached(1)
      const append = scene.log.append([entry('a', '2')])
      assert.equal(watching.through, 1)
      await append
      await watching.reached(2)
      watching.stop()
      await scene.say('a', '3')
      assert.equal(watching.through, 2)
    },
  ],
  [
    'L8 a watch that starts late gets first what was appended since, then the rest',
    async (scene) => {
      await scene.say('a', '1', '2')
      await scene.say('b', '3')
      const watching = new Watching(scene.log, 1)
      const rest = scene.say('a', '4', '5')
      await rest
      await watching.reached(5)
      assertWhole(watching.steps, 1)
      assert.deepEqual(seqs(watching.appends), [2, 3, 4, 5])
    },
  ],
  [
    'L8 watches that start at any moment of a flood have no hole and no repeat',
    async (scene) => {
      const watches: [Watching, number][] = []
      const total = 3_000
      let sent = 0
      const publish = async () => {
        while (sent < total) {
          const i = sent++
          await scene.log.append([entry(`c${i % 5}`, String(i))])
          if (i % 150 === 0) {
            const after = i % 300 === 0 ? 0 : Math.floor(i / 2)
            watches.push([new Watching(scene.log, after), after])
          }
        }
      }
      await Promise.all(Array.from({ length: 16 }, publish))
      for (const [watching, after] of watches) {
        await watching.reached(total)
        assertWhole(watching.steps, after)
        assert.deepEqual(
          seqs(watching.appends),
          Array.from({ length: total - after }, (_, i) => after + i + 1),
        )
      }
    },
  ],
  [
    'L8 a late watch names the channels of which something after its start has been trimmed',
    async (scene) => {
      await scene.say('few/a', '1', '2', '3', '4', '5')
      await scene.say('b', '6')
      const watching = new Watching(scene.log, 0)
      await watching.reached(6)
      assertWhole(watching.steps, 0)
      const bare = watching.appends.filter((append) => append.entry === undefined)
      assert.ok(bare.some(({ channel, seq }) => channel === 'few/a' && seq >= 2))
      assert.ok(bare.every(({ channel }) => channel === 'few/a'))
      const later = new Watching(scene.log, 2)
      await later.reached(6)
      assert.deepEqual(seqs(later.appends), [3, 4, 5, 6])
    },
  ],
  [
    'L8 a late watch of a latest channel yields its newest values',
    async (scene) => {
      await scene.set('latest/a', 'x', '1')
      await scene.set('latest/a', 'y', '2')
      await scene.set('latest/a', 'x', '3')
      const watching = new Watching(scene.log, 0)
      await watching.reached(3)
      assertWhole(watching.steps, 0)
      assert.deepEqual(seqs(watching.appends).slice(-2), [2, 3])
    },
  ],
  [
    'L8 a watch goes on after a reopening from where it was',
    async (scene) => {
      await scene.say('a', '1', '2', '3')
      if (!scene.canReopen) return
      await scene.reopen()
      const watching = new Watching(scene.log, 1)
      await scene.say('a', '4')
      await watching.reached(4)
      assertWhole(watching.steps, 1)
      assert.deepEqual(seqs(watching.appends), [2, 3, 4])
    },
  ],
  [
    'L8 closing the log ends its watches, and says so',
    async (scene) => {
      const watching = new Watching(scene.log, 0)
      await scene.log.close()
      await Promise.resolve()
      assert.equal(watching.lost.length, 1)
    },
  ],
]
