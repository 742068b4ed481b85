import { expect, test } from 'vitest'
import { caught } from '../support/mutants.ts'
import { noLoopDisk } from './loop-disk.ts'
import { powerCuts } from './power-cut.ts'

const reason = noLoopDisk()

test.skipIf(reason)(
  'after a power cut every acknowledged entry and key is there, and no reader has a gap (Linux, root, cc, ext4)',
  { timeout: 120_000 },
  async () => {
    const results = await powerCuts(3, 1, () => {})
    expect(results.map(({ cuts }) => cuts)).toEqual([1, 1, 1])
    for (const result of results)
      expect(result).toMatchObject({ lost: 0, unproved: 0, silent: 0, repeated: 0 })
  },
)

test.skipIf(reason)(
  'with sync: interval a power cut is told to every reader that it cost something (Linux, root, cc, ext4)',
  { timeout: 120_000 },
  async () => {
    const results = await powerCuts(3, 1, () => {}, 'interval')
    for (const result of results)
      expect(result).toMatchObject({ cuts: 1, unproved: 1, silent: 0, repeated: 0 })
    expect(results.some(({ lost }) => lost > 0)).toBe(true)
  },
)

test.skipIf(reason)(
  'a log that does not fsync is caught losing what it had acknowledged (Linux, root, cc, ext4)',
  { timeout: 120_000 },
  async () => {
    const mutant = {
      name: 'nothing is fsynced',
      file: 'src/log/sqlite/opening.ts',
      find: 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
      replace: 'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF',
    }
    const report = await caught(mutant, 'test/torture/power-cut.ts', ['--cuts', '3'])
    expect(report).toMatch(/acknowledged entries were lost|the log .* is damaged/)
  },
)
