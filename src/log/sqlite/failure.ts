import { EverwireError } from '../../protocol/codes.ts'
import type { Refusal } from './wire.ts'

/** SQLite's result codes that are told apart (https://sqlite.org/rescode.html). */
const code = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const
/** Among others: there is no transaction to roll back. */
export const genericError = 1
/** The shared memory file could not grow: nothing was written yet, the disk is full. */
const ioErrorShmSize = 4_874

interface Failure {
  readonly error: EverwireError
  /** Whether what the failed transaction wrote may come back, or what an earlier one wrote may be gone. */
  readonly doubt: boolean
}

/** The extended result code of an error that node:sqlite threw. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

/** What SQLite throws for a file that is not what was written, for what it does not see itself. */
export function damaged(reason: string): Error {
  return Object.assign(new Error(reason), { errcode: code.corrupt })
}

export function isBusy(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === code.busy
}

/** What an error of SQLite means for the log in `file`. */
export function failureOf(cause: unknown, file: string): Failure {
  const extended = resultCode(cause) ?? 0
  const primary = extended & 0xff
  const reason = cause instanceof Error ? cause.message : String(cause)
  const refuse = (message: string) => new EverwireError('store-unavailable', message, { cause })
  const system = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (primary === code.full || extended === ioErrorShmSize || system === 'ENOSPC') {
    return {
      error: refuse(
        `no room for the log ${file} (${reason}): nothing was appended; free disk space or raise maxBytes, then publish again`,
      ),
      doubt: false,
    }
  }
  if (primary === code.corrupt || primary === code.notADatabase) {
    return {
      error: refuse(
        `the log ${file} is damaged (${reason}): restore it from a backup, or move it away to begin a new log`,
      ),
      doubt: true,
    }
  }
  if (primary === code.ioError) return { error: diskFailed(file, cause), doubt: true }
  if (primary === code.cantOpen || primary === code.readOnly || system === 'EACCES' || system === 'EROFS') {
    return {
      error: refuse(
        `the log ${file} cannot be written (${reason}): let this process write to the file and to its directory`,
      ),
      doubt: false,
    }
  }
  return { error: refuse(`the log ${file} refused the append (${reason}): publish again`), doubt: false }
}

/** What was written may be gone. */
export function diskFailed(file: string, cause: unknown): EverwireError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EverwireError(
    'store-unavailable',
    `the disk of the log ${file} failed (${reason}): nothing more is appended until the log is opened again; check the disk`,
    { cause },
  )
}

/** An error as it goes to the other thread. */
export function refusalOf(error: unknown, file: string): Refusal {
  const known = error instanceof EverwireError ? error : failureOf(error, file).error
  return { code: known.code, message: known.message }
}
