import assert from 'node:assert/strict'
import { Lineage } from '../../log/lineage.ts'
import type { Clause } from './scene.ts'

export const lineage: readonly Clause[] = [
  [
    'L9 a new log has one epoch, from 1, with a name of its own',
    async (scene) => {
      const { epochs, current } = scene.log.lineage
      assert.match(current.name, /^[0-9a-z]{10,24}$/)
      assert.equal(epochs[0]?.first, 1)
    },
  ],
  [
    'L9 a proved reopening adds an epoch, and no position of before has a gap',
    async (scene) => {
      await scene.say('a', '1', '2', '3')
      const before = scene.log.lineage
      const id = before.idOf(2)
      if (!scene.canReopen) return
      await scene.reopen()
      const { lineage } = scene.log
      assert.equal(lineage.epochs.length, before.epochs.length + 1)
      assert.notEqual(lineage.current.name, before.current.name)
      assert.deepEqual([lineage.current.first, lineage.current.proved], [4, true])
      assert.equal(lineage.idOf(2), id)
      await scene.say('a', '4')
      for (const seq of [0, 2, 3]) assert.equal(lineage.judge(seq, before.current.name, 4), undefined)
      assert.equal(lineage.judge(4, lineage.current.name, 4), undefined)
      assert.equal(lineage.endOf(before.current.name), 3)
    },
  ],
  [
    'L9 a position of another log, or beyond the end of its epoch, is told from a valid one',
    async (scene) => {
      await scene.say('a', '1')
      const { lineage } = scene.log
      const { name } = lineage.current
      assert.equal(lineage.judge(1, name, 1), undefined)
      assert.equal(lineage.judge(2, name, 1), 'rolled-back')
      assert.equal(lineage.judge(1, 'anotherepoch', 1), 'other-log')
      const rolledBack = lineage.with({ name: 'nextnextnext', first: 2, proved: true })
      assert.equal(rolledBack.judge(2, name, 5), 'rolled-back')
    },
  ],
  [
    'L9 a tail that is not proved is told, for the positions before it only',
    async (scene) => {
      const { current } = scene.log.lineage
      const doubtful = new Lineage([
        current,
        { name: 'doubtfulepoch', first: 11, proved: false },
        { name: 'provedepoch', first: 21, proved: true },
      ])
      assert.equal(doubtful.judge(5, current.name, 30), 'tail-unproved')
      assert.equal(doubtful.judge(11, 'doubtfulepoch', 30), undefined)
      assert.equal(doubtful.judge(25, 'provedepoch', 30), undefined)
    },
  ],
]
