import { expect, test } from 'vitest'
import { Checkpoints, type Checkpointer } from './checkpoints.ts'
import type { Checkpointed } from './wire.ts'

/** Checkpoints whose thread answers when the test says so, and what became of them. */
function checkpoints() {
  const asked: { readonly end: (done: Checkpointed) => void; readonly fail: (error: Error) => void }[] = []
  const seen: { closed: number; finished: number; readonly doubts: string[] } = {
    closed: 0,
    finished: 0,
    doubts: [],
  }
  const checkpointer = {
    ask: (kind: 'checkpoint' | 'close') => {
      if (kind === 'close') return Promise.resolve(void seen.closed++)
      return new Promise((end, fail) => asked.push({ end, fail }))
    },
  } as Checkpointer
  const mine = new Checkpoints({
    start: async () => checkpointer,
    finish: () => void seen.finished++,
    doubt: (reason) => seen.doubts.push(reason),
  })
  return { mine, asked, seen }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a little is left to a later checkpoint, and starts no thread', async () => {
  const { mine, asked, seen } = checkpoints()
  mine.wrote(1_999)
  await turn()
  expect(asked).toHaveLength(0)
  await mine.stop()
  expect(seen).toEqual({ closed: 0, finished: 0, doubts: [] })
})

test('retention goes on during a checkpoint, and waits for it once much is in the journal', async () => {
  const { mine, asked } = checkpoints()
  const ran: string[] = []
  mine.wrote(2_000)
  await turn()
  expect(asked).toHaveLength(1)
  mine.whenShort(() => ran.push('short'))
  mine.wrote(6_000)
  mine.whenShort(() => ran.push('long'))
  await turn()
  expect(ran).toEqual(['short'])
  expect(asked).toHaveLength(1)
  asked[0]?.end({ frames: 2_000, left: 0 })
  await turn()
  expect(ran).toEqual(['short', 'long'])
  await mine.stop()
})

test('while somebody reads an older state, retention does not make the journal longer without end', async () => {
  const { mine, asked, seen } = checkpoints()
  let ran = 0
  mine.wrote(9_000)
  mine.whenShort(() => ran++)
  await turn()
  asked[0]?.end({ frames: 9_000, left: 9_000 })
  await turn()
  expect([ran, asked.length, seen.finished]).toEqual([0, 1, 0])
  await mine.stop()
  expect([ran, seen.closed]).toEqual([1, 1])
})

test('a checkpoint that fails holds nothing back', async () => {
  const { mine, asked } = checkpoints()
  let ran = 0
  mine.wrote(9_000)
  mine.whenShort(() => ran++)
  await turn()
  asked[0]?.fail(new Error('disk I/O error'))
  await turn()
  expect(ran).toBe(1)
  await mine.stop()
})

test('a long journal is carried over to its end, so that the next commit begins it anew', async () => {
  const { mine, asked, seen } = checkpoints()
  mine.wrote(2_000)
  await turn()
  asked[0]?.end({ frames: 8_000, left: 3 })
  await turn()
  expect(seen.finished).toBe(1)
  await mine.stop()
})

test('a disk that fails under a checkpoint is told to the writer, and a thread that ends is not a failed disk', async () => {
  const { mine, asked, seen } = checkpoints()
  mine.wrote(2_000)
  await turn()
  asked[0]?.end({ doubt: 'the disk failed' })
  await turn()
  expect(seen).toMatchObject({ finished: 0, doubts: ['the disk failed'] })
  mine.wrote(16_000)
  await turn()
  asked[1]?.fail(new Error('the thread has ended'))
  await turn()
  expect(seen.doubts).toEqual(['the disk failed'])
  await mine.stop()
})

test('a journal that has grown too long is carried over although it has just been', async () => {
  const { mine, asked } = checkpoints()
  mine.wrote(2_000)
  await turn()
  asked[0]?.end({ frames: 2_000, left: 0 })
  await turn()
  mine.wrote(15_999)
  await turn()
  expect(asked).toHaveLength(1)
  mine.wrote(1)
  await turn()
  expect(asked).toHaveLength(2)
  asked[1]?.end({ frames: 2_000, left: 0 })
  await mine.stop()
})
