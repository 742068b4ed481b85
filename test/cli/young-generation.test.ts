import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const grow = fileURLToPath(new URL('grow-heap.ts', import.meta.url))

/** How large the young generation of a process has become, in MiB. */
async function grown(...args: string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return Number(stdout)
}

test('the young generation stays where it is bound, unless the user of the process has said how large it may be', async () => {
  const sizes = await Promise.all([
    grown(grow),
    grown(grow, '8'),
    grown('--max-semi-space-size=8', grow, '4'),
  ])
  const [free, bound, said] = sizes
  expect(free).toBeGreaterThanOrEqual(32)
  expect([bound, said]).toEqual([8, 16])
})
