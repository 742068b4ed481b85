import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryLog } from '../../../src/log/memory.ts'
import { sqliteLog } from '../../../src/log/sqlite.ts'
import type { OpenLog } from '../../../src/testing/log-contract.ts'
import { checkLog, type Effort } from './check.ts'

/** Checks one of the stores; throws when it differs from the model. */
export async function checkStore(store: string, effort: Effort): Promise<void> {
  if (store === 'memory') {
    await checkLog(async (options) => ({ log: memoryLog(options) }), effort)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'everwire-log-'))
  try {
    await checkLog(sqliteIn(folder), effort)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function sqliteIn(folder: string): OpenLog {
  let files = 0
  return async (options) => {
    const path = join(folder, `${files++}.db`)
    // Without the wait for the disk, which this is not about.
    const open = () => sqliteLog({ path, sync: 'interval', sweepMs: 1e9, ...options })
    let log = await open()
    const reopen = async () => {
      await log.close()
      log = await open()
      return log
    }
    return { log, reopen }
  }
}
