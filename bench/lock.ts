// One run at a time: two would measure each other.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lab } from './lab.ts'

const path = join(lab, 'lock')

/** Waits until no other run is under way, and says so; gives the function that ends this one's turn. */
export async function locked(say: (text: string) => void): Promise<() => void> {
  mkdirSync(lab, { recursive: true })
  for (let said = false; ; said = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      const unlock = () => rmSync(path, { force: true })
      // However it ends: another process may get this one's number later.
      process.once('exit', unlock)
      return () => {
        process.off('exit', unlock)
        unlock()
      }
    } catch {
      const holder = readHolder()
      // A run that was killed leaves its lock behind.
      if (holder === undefined || !existsSync(`/proc/${holder}`)) rmSync(path, { force: true })
      else if (!said) say(`Another run is under way (process ${holder}); this one waits for it.`)
      await delay(500)
    }
  }
}

function readHolder(): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch {
    return undefined
  }
}
