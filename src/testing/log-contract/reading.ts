import assert from 'node:assert/strict'
import { entry, everything, seqs, type Scene, type Clause } from './scene.ts'

async function mixed(scene: Scene): Promise<void> {
  // a: 1 4 7, b: 2 5 8, c: 3 6 9
  for (let i = 0; i < 3; i++) await scene.log.append(['a', 'b', 'c'].map((name) => entry(name, String(i))))
}

export const reading: readonly Clause[] = [
  [
    'L4 read gives the kept entries of the asked channels after a sequence, in order, and no others',
    async (scene) => {
      await mixed(scene)
      assert.deepEqual(seqs((await scene.read(['c', 'a'])).entries), [1, 3, 4, 6, 7, 9])
      assert.deepEqual(seqs((await scene.read(['c', 'a'], 4)).entries), [6, 7, 9])
      assert.deepEqual(seqs((await scene.read(['b', 'never'], 8)).entries), [])
      const { entries } = await scene.log.read(
        [
          { channel: 'a', after: 4 },
          { channel: 'b', after: 0 },
        ],
        everything,
      )
      assert.deepEqual(seqs(entries), [2, 5, 7, 8])
    },
  ],
  [
    'L4 an entry comes back as it was given',
    async (scene) => {
      const bytes = new Uint8Array([0, 1, 255, 0])
      const pooled = Buffer.from('some more')
      await scene.log.append([
        { channel: 'ä/🙂', event: 'é\u2028', data: '{"t":"\\u0000 ü \\ud800"}' },
        { channel: 'ä/🙂', event: 'b', data: bytes },
        { channel: 'ä/🙂', event: '', data: pooled },
        { channel: 'ä/🙂', event: 'c', data: new Uint8Array(0) },
        { channel: 'latest/x', event: 'd', data: '1', slot: 'a\u0000b' },
        { channel: 'latest/x', event: 'd', data: '2', slot: 'a' },
      ])
      const { entries } = await scene.read(['ä/🙂', 'latest/x'])
      const common = { channel: 'ä/🙂', time: scene.now, slot: undefined, removed: false }
      const latest = { ...common, channel: 'latest/x', event: 'd', previous: undefined }
      const plain = entries.map(({ data, ...rest }) => ({
        ...rest,
        data: typeof data === 'string' ? data : [...data],
      }))
      assert.deepEqual(plain, [
        { ...common, seq: 1, previous: 0, event: 'é\u2028', data: '{"t":"\\u0000 ü \\ud800"}' },
        { ...common, seq: 2, previous: 1, event: 'b', data: [...bytes] },
        { ...common, seq: 3, previous: 2, event: '', data: [...pooled] },
        { ...common, seq: 4, previous: 3, event: 'c', data: [] },
        { ...latest, seq: 5, data: '1', slot: 'a\u0000b' },
        { ...latest, seq: 6, data: '2', slot: 'a' },
      ])
    },
  ],
  [
    'L5 through is the head, also for channels that are quiet, empty or ahead',
    async (scene) => {
      await mixed(scene)
      for (const after of [0, 5, 9]) assert.equal((await scene.read(['a'], after)).through, 9)
      assert.equal((await scene.read(['never'])).through, 9)
      assert.equal((await scene.read([])).through, 9)
      assert.equal((await scene.read(['a'], 20)).through, 9)
    },
  ],
  [
    'L5 a limit in entries lowers through to where it cut a channel off',
    async (scene) => {
      await mixed(scene)
      const page = await scene.read(['a', 'b'], 0, { entries: 3 })
      assert.deepEqual(seqs(page.entries), [1, 2, 4])
      // 5 is in channel b and was not given.
      assert.equal(page.through, 4)
      const exact = await scene.read(['a', 'b'], 0, { entries: 6 })
      assert.deepEqual(seqs(exact.entries), [1, 2, 4, 5, 7, 8])
      assert.ok(exact.through >= 8)
    },
  ],
  [
    'L5 a limit in bytes does the same, and one entry that is larger comes alone',
    async (scene) => {
      await scene.say('a', '"12345678"', '"large, larger than the limit"', '"1"', '"2"')
      const sizes = { bytes: 12 }
      assert.deepEqual(seqs((await scene.read(['a'], 0, sizes)).entries), [1])
      const large = await scene.read(['a'], 1, sizes)
      assert.deepEqual(seqs(large.entries), [2])
      assert.equal(large.through, 2)
      const rest = await scene.read(['a'], 2, sizes)
      assert.deepEqual(seqs(rest.entries), [3, 4])
      assert.equal(rest.through, 4)
    },
  ],
  [
    'L5 bytes are counted, not characters',
    async (scene) => {
      await scene.say('a', '"ééé"', '"ééé"')
      assert.equal((await scene.read(['a'], 0, { bytes: 15 })).entries.length, 1)
      assert.equal((await scene.read(['a'], 0, { bytes: 16 })).entries.length, 2)
    },
  ],
  [
    'L5 one position pages several channels without a skip or a repeat while they are appended to',
    async (scene) => {
      const channels = ['a', 'b', 'c']
      const total = 400
      let sent = 0
      const publish = async () => {
        while (sent < total) {
          const i = sent++
          await scene.log.append([entry(channels[(i * 7) % 3] ?? 'a', String(i))])
        }
      }
      const seen: number[] = []
      let at = 0
      const follow = async () => {
        while (at < total) {
          const page = await scene.read(channels, at, { entries: 7 })
          seen.push(...seqs(page.entries))
          assert.ok(page.through >= at)
          at = page.through
        }
      }
      await Promise.all([publish(), publish(), publish(), follow()])
      assert.deepEqual(
        seen,
        Array.from({ length: total }, (_, i) => i + 1),
      )
    },
  ],
  [
    'history gives the kept entries of a channel, oldest or newest first, within bounds',
    async (scene) => {
      await mixed(scene)
      const history = async (order: 'forward' | 'backward', bounds: object, limit = 10) =>
        seqs(await scene.log.history({ channel: 'a', limit, order, ...bounds }))
      assert.deepEqual(await history('forward', {}), [1, 4, 7])
      assert.deepEqual(await history('backward', {}), [7, 4, 1])
      assert.deepEqual(await history('forward', {}, 2), [1, 4])
      assert.deepEqual(await history('backward', {}, 2), [7, 4])
      assert.deepEqual(await history('forward', { after: 1, before: 7 }), [4])
      assert.deepEqual(await history('backward', { after: 1, before: 8 }), [7, 4])
      assert.deepEqual(await history('backward', { before: 7 }, 1), [4])
      assert.deepEqual(await history('forward', { after: 7 }), [])
      // The one by which the bytes are exceeded ends the answer, so that it tells of more.
      assert.deepEqual(await history('forward', { bytes: 0 }), [1])
      assert.deepEqual(await history('backward', { bytes: 1 }), [7, 4])
      assert.deepEqual(await history('backward', { bytes: 2 }), [7, 4, 1])
      assert.deepEqual(await scene.log.history({ channel: 'never', limit: 1, order: 'forward' }), [])
    },
  ],
]
