// Prints how large its young generation has become after much that lives for a while: `node grow-heap.ts [MiB to bound it at]`.
import { setImmediate } from 'node:timers/promises'
import { boundYoungGeneration, youngBytes } from '../../src/cli/young-generation.ts'

const [, , bound] = process.argv
if (bound !== undefined) boundYoungGeneration(Number(bound) * 1024 * 1024)
const kept: unknown[] = []
for (let turn = 0; turn < 3_000; turn++) {
  for (let i = 0; i < 200; i++) kept.push({ turn, list: [i, i, i] })
  await setImmediate()
}
console.log(youngBytes() / 1024 / 1024)
