import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { EverwireError } from '../../protocol/codes.ts'
import { diskFailed, failureOf, genericError, refusalOf, resultCode } from './failure.ts'
import { doubtOf, type Opened } from './opening.ts'
import type { UnpackedAppend } from './packed.ts'
import type { Store } from './store.ts'
import type { Told } from './told.ts'
import type { Answered, Asked, Refusal, WriterRequest } from './wire.ts'

export type Operation = Asked<
  UnpackedAppend | Exclude<WriterRequest, { kind: 'appends' } | { kind: 'close' }>
>

/** Commits groups of operations, and takes no more once it cannot know what is on the disk. */
export class Commits {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #store: Store
  readonly #told: Told
  #doubt: EverwireError | undefined
  #unsynced = false
  #lastMs = 0
  #failures = 0
  #lastFailure: Refusal = {
    code: 'store-unavailable',
    message: 'an append before this one failed: send it again',
  }

  constructor({ db, told }: Pick<Opened, 'db' | 'told'>, file: string, store: Store) {
    this.#db = db
    this.#told = told
    this.#file = file
    this.#store = store
  }

  /** How long the last commit took to reach the disk. */
  get lastMs(): number {
    return this.#lastMs
  }

  /** So many groups of appends have failed as a whole. */
  get failures(): number {
    return this.#failures
  }

  /** With what the last of them was refused. */
  get lastFailure(): Refusal {
    return this.#lastFailure
  }

  /** Nothing has failed: what was committed is whole. */
  get whole(): boolean {
    return this.#doubt === undefined
  }

  /**
   * Applies a group in one transaction: all of its answers, or none but refusals. `more` is asked until it gives nothing,
   * what it gives belongs to the group.
   */
  run(first: readonly Operation[], more = (): readonly Operation[] => []): readonly Answered[] {
    if (this.#doubt) return this.#refuseAll(first, this.#doubt)
    const group = [...first]
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      const answers: Answered[] = []
      // It grows meanwhile.
      for (const operation of group) {
        answers.push(this.#apply(operation))
        if (answers.length === group.length) group.push(...more())
      }
      this.#store.finish()
      const began = performance.now()
      this.#db.exec('COMMIT')
      this.#lastMs = performance.now() - began
      this.#tell(this.#store.committed())
      this.#unsynced = true
      return answers
    } catch (error) {
      this.#abandon(error)
      return this.#refuseAll(group, failureOf(error, this.#file).error)
    }
  }

  /** Makes durable what the operating system has (`sync: 'interval'`). */
  sync(): void {
    if (this.#doubt || !this.#unsynced) return
    this.#unsynced = false
    try {
      withFile(`${this.#file}-wal`, 'r', fdatasyncSync)
    } catch (error) {
      this.takeNoMore(diskFailed(this.#file, error))
    }
  }

  /**
   * Carries the journal over into the file. An fsync of the file that fails ends the acknowledgements: the system may have
   * forgotten what it could not write, and the next one would succeed without it.
   */
  carryOver(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (cause) {
      const { error, doubt } = failureOf(cause, this.#file)
      if (doubt) this.takeNoMore(error)
    }
  }

  #tell(head: number): void {
    try {
      this.#told.tell(head)
    } catch {
      // It only says less then than it could: what is acknowledged is on the disk.
    }
  }

  #apply({ id, request }: Operation): Answered {
    if (request.kind === 'expire') return { id, value: this.#store.expire(request.now, request.channels) }
    if (request.kind === 'forget') return { id, value: this.#store.forget(request.now) }
    try {
      return { id, value: this.#store.append(request) }
    } catch (error) {
      // Refused before it wrote anything; every other error spoils the transaction.
      if (error instanceof EverwireError) return { id, refusal: refusalOf(error, this.#file) }
      throw error
    }
  }

  #abandon(cause: unknown): void {
    this.#rollBack()
    this.#store.rolledBack()
    const { error, doubt } = failureOf(cause, this.#file)
    if (doubt) this.takeNoMore(error)
  }

  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK')
    } catch (error) {
      // SQLite has rolled back by itself when there is nothing left to roll back.
      if (resultCode(error) !== genericError) this.takeNoMore(failureOf(error, this.#file).error)
    }
  }

  /** Refuses everything from now on, and lets the next opening know. */
  takeNoMore(error: EverwireError): void {
    this.#doubt = error
    try {
      withFile(doubtOf(this.#file), 'w', (handle) => {
        writeSync(handle, error.message)
        fsyncSync(handle)
      })
    } catch {
      // The disk takes nothing at all. What was acknowledged had been fsynced before, so the next opening stands.
    }
  }

  #refuseAll(group: readonly Operation[], error: EverwireError): readonly Answered[] {
    const refusal = refusalOf(error, this.#file)
    if (group.some(({ request }) => request.kind === 'append')) {
      this.#failures++
      this.#lastFailure = refusal
    }
    return group.map(({ id }) => ({ id, refusal }))
  }
}

function withFile(path: string, flags: string, use: (handle: number) => void): void {
  const handle = openSync(path, flags)
  try {
    use(handle)
  } finally {
    closeSync(handle)
  }
}
