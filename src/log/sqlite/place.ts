import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'

/** The log's file for what the user gave: a file with an ending, or a directory, made where it is missing. */
export function placeOf(path: string): string {
  const full = resolve(path)
  const found = statSync(full, { throwIfNoEntry: false })
  const isFile = found ? found.isFile() : extname(full) !== ''
  mkdirSync(isFile ? dirname(full) : full, { recursive: true })
  const file = isFile ? full : join(full, 'log.db')
  // Its side files, the lock among them, stand beside the file itself, by whichever link it is reached.
  return existsSync(file) ? realpathSync(file) : file
}
