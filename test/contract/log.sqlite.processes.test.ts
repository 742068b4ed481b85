import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteLog } from '../../src/log/sqlite.ts'

const publisher = fileURLToPath(new URL('../support/publisher.ts', import.meta.url))
const rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e12, tombstoneMs: 1e9 } as const

test('a second process is refused and hears who has the log; after kill -9 of the first it opens at once', async () => {
  const path = mkdtempSync(join(tmpdir(), 'everwire-two-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const first = spawn(process.execPath, [publisher, path, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void first.kill('SIGKILL'))
  await once(first.stdout, 'data')
  const open = () => sqliteLog({ path, rules: () => rule })
  await expect(open()).rejects.toMatchObject({
    code: 'store-unavailable',
    message: expect.stringMatching(`open already, by process ${first.pid}.*stop that one first`),
  })
  // A refused opening has disturbed nothing.
  await once(first.stdout, 'data')
  first.stdout.resume()
  first.kill('SIGKILL')
  await once(first, 'exit')
  const log = await open()
  expect(log.lineage.current.proved).toBe(true)
  expect(await log.head()).toBeGreaterThan(0)
  await log.close()
})
