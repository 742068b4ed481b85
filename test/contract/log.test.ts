import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'
import { logContract, type OpenLog } from 'everwire/testing'
import { openedAnew } from './opened-anew.ts'

const folder = mkdtempSync(join(tmpdir(), 'everwire-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const sqlite =
  (sync: 'always' | 'interval'): OpenLog =>
  async (options) => {
    const open = () => sqliteLog({ path, sync, sweepMs: 1e9, ...options })
    const path = join(folder, `${files++}.db`)
    let log = await open()
    const reopen = async () => {
      await log.close()
      log = await open()
      return log
    }
    return { log, reopen }
  }

logContract({ describe, test }, 'memory', async (options) => ({ log: memoryLog(options) }))
logContract({ describe, test }, 'sqlite', sqlite('always'))
logContract({ describe, test }, 'sqlite, sync: interval', sqlite('interval'))
logContract({ describe, test }, 'sqlite, opened anew between calls', openedAnew(sqlite('always')))
