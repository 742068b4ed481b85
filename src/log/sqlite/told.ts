import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { checksumOf } from './checksum.ts'

interface Position {
  readonly epoch: string
  readonly seq: number
}

const lineBytes = 64
const openFlags = constants.O_RDWR | constants.O_CREAT
const place = (file: string): string => `${file}-told`

/**
 * Beside the log, the last position that anybody may have been told of. It is not fsynced, so after a power cut it
 * may be older than the log, but never newer: a log that ends before it has lost what was acknowledged.
 */
export class Told {
  readonly #handle: number
  readonly #epoch: string

  constructor(file: string, epoch: string) {
    this.#handle = openSync(place(file), openFlags)
    this.#epoch = epoch
  }

  /** Hot path: once per commit. Overwrites in place, so that it needs no room. */
  tell(seq: number): void {
    const text = `${this.#epoch} ${seq}`
    writeSync(this.#handle, `${text} ${checksumOf(text)}`.padEnd(lineBytes - 1) + '\n', 0)
  }

  close(): void {
    closeSync(this.#handle)
  }

  /** What the last process left; undefined when there is nothing that can be read. */
  static of(file: string): Position | undefined {
    let text: string
    try {
      text = readFileSync(place(file), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    const [epoch = '', seq = '', checksum] = text.trim().split(' ')
    if (checksum !== String(checksumOf(`${epoch} ${seq}`))) return undefined
    return { epoch, seq: Number(seq) }
  }
}
