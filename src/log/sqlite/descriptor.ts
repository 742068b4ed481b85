import { fstatSync, readdirSync, statSync } from 'node:fs'

/**
 * Opens a file by `open`, and finds the descriptor that stands for it then; undefined where the system does not list
 * the descriptors of a process, which Linux does. One of our own would not do: to close it gives up whatever locks
 * SQLite has on the file in this process (fcntl(2), "Advisory record locking").
 */
export function descriptorOf<Opened>(
  file: string,
  open: () => Opened,
): { readonly db: Opened; readonly descriptor: number | undefined } {
  const before = new Set(descriptorsOn(file))
  const db = open()
  return { db, descriptor: descriptorsOn(file).find((one) => !before.has(one)) }
}

function descriptorsOn(file: string): readonly number[] {
  const { dev, ino } = statSync(file)
  return descriptors().filter((one) => {
    const stat = statOf(one)
    return stat?.dev === dev && stat.ino === ino
  })
}

function descriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    // Not Linux.
    return []
  }
}

function statOf(descriptor: number) {
  try {
    return fstatSync(descriptor)
  } catch {
    // Closed meanwhile, as the one with which the list was read.
    return undefined
  }
}
