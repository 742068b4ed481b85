import { expect, test } from 'vitest'
import { Frame } from './frame.ts'
import type { WireFormat } from './format.ts'
import { Lineage } from '../log/lineage.ts'
import type { Run } from './run.ts'
import { defaultMemory, MemoryBudget, Topic } from './topic.ts'

const lineage = new Lineage([{ name: 'abcdefghij', first: 1, proved: true }])
const frame = (seq: number, slot?: string, data = '1') =>
  new Frame(
    { seq, channel: 'c', event: 'message', data, time: 0, previous: undefined, slot, removed: false },
    lineage,
  )
const sequences = ({ frames }: Run) => frames.map(({ seq }) => seq)

test('a reader that fell behind gets only the newest value of a slot', () => {
  const topic = new Topic('c', 0, new MemoryBudget(defaultMemory))
  for (let seq = 1; seq <= 100; seq++) topic.push(frame(seq, seq % 2 ? 'odd' : 'even'))
  expect(sequences(topic.between(0, 100))).toEqual([99, 100])
  expect(sequences(topic.between(99, 100))).toEqual([100])
})

test('the floor is where memory ends, whatever was evicted', () => {
  const topic = new Topic('c', 10, new MemoryBudget({ frames: 3, bytes: 1e9, total: 1e9 }))
  for (const seq of [12, 15, 16, 20]) topic.push(frame(seq))
  expect(topic.floor).toBe(12)
  expect(sequences(topic.between(topic.floor, 20))).toEqual([15, 16, 20])
})

test('all topics together stay within their memory', () => {
  const budget = new MemoryBudget({ frames: 1_000, bytes: 1e9, total: 10_000 })
  const topics = Array.from({ length: 20 }, () => new Topic('c', 0, budget))
  for (let seq = 1; seq <= 2_000; seq++) {
    topics[seq % 20]?.push(frame(seq))
    expect(budget.used).toBeLessThanOrEqual(10_000)
  }
  for (const topic of topics) topic.clear()
  expect(budget.used).toBe(0)
})

function countingFormat() {
  let encodes = 0
  const format: WireFormat = {
    name: 'counting',
    message: ({ id }) => {
      encodes++
      return new TextEncoder().encode(id)
    },
    gap: () => new Uint8Array(),
    snapshot: () => new Uint8Array(),
    position: () => new Uint8Array(),
  }
  return { format, encodes: () => encodes }
}

const reader = () => ({ wake: () => {}, signal: () => {} })

test('a message is encoded once for any number of readers, and so is what they have in common', () => {
  const { format, encodes } = countingFormat()
  const topic = new Topic('c', 0, new MemoryBudget(defaultMemory))
  // Who is alone does not share.
  for (let n = 0; n < 2; n++) topic.readers.add(reader())
  for (let seq = 1; seq <= 3; seq++) topic.push(frame(seq))
  const joined = Array.from({ length: 1_000 }, () => topic.between(0, 3).bytes(format))
  expect(encodes()).toBe(3)
  expect(new Set(joined).size).toBe(1)
})

test('the bytes of a message are not held for a reader that is alone, nor made again once they are held', () => {
  const { format, encodes } = countingFormat()
  const topic = new Topic('c', 0, new MemoryBudget(defaultMemory))
  topic.readers.add(reader())
  topic.push(frame(1))
  const once = [1, 2].map(() => topic.between(0, 1).bytes(format))
  expect(new Set(once).size).toBe(2)
  topic.readers.add(reader())
  const held = topic.between(0, 1).bytes(format)
  topic.readers.clear()
  topic.readers.add(reader())
  expect(topic.between(0, 1).bytes(format)).toBe(held)
  expect(encodes()).toBe(3)
})
