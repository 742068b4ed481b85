import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { EverwireError } from '../../protocol/codes.ts'
import { isBusy } from './failure.ts'

/**
 * Takes the log's lock, or throws saying who has it. It is a lock of the operating system, on a side file, and
 * ends with the process however that ends. Returns its release.
 */
export function takeLock(file: string): () => void {
  const lock = new DatabaseSync(`${file}-lock`)
  // Who holds it stands in a file of its own: closing any other handle of a locked file would drop its locks.
  const holder = `${file}-holder`
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new EverwireError(
      'store-unavailable',
      `the log ${file} is open already, by ${describe(holder)}: stop that one first, or give this one a path of its own`,
      { cause: error },
    )
  }
  try {
    writeFileSync(holder, `process ${process.pid}, since ${new Date().toISOString()}`)
  } catch (error) {
    lock.close()
    throw error
  }
  return () => lock.close()
}

function describe(holder: string): string {
  try {
    return readFileSync(holder, 'utf8')
  } catch {
    // It has the lock and has not yet said who it is.
    return 'a process that has just started'
  }
}
