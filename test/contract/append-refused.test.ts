import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'

test.each(['memory', 'sqlite'] as const)(
  'what a %s log refuses at once is told as every refusal',
  async (store) => {
    const rules = (channel: string): never => {
      throw new Error(`nothing is known of ${channel}`)
    }
    const path = mkdtempSync(join(tmpdir(), 'everwire-test-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    const log = store === 'memory' ? memoryLog({ rules }) : await sqliteLog({ path, rules })
    const append = () => log.append([{ channel: 'a', event: 'e', data: '1' }])
    await expect(append()).rejects.toThrow('nothing is known of a')
    await log.close()
    await expect(append()).rejects.toMatchObject({ message: expect.stringContaining('clos') })
  },
)
