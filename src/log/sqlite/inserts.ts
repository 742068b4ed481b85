import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

const columns = [
  'seq',
  'channel',
  'time',
  'ordinal',
  'total',
  'size',
  'removed',
  'previous',
  'checksum',
  'slot',
  'event',
  'data',
]
/** So many rows go into the file by one statement. */
const together = 16

const into = `INSERT INTO entries (${columns.join()}) VALUES`
const row = `(${columns.map(() => '?').join()})`

export const insertQueries = {
  one: `${into} ${row}`,
  several: `${into} ${Array.from({ length: together }, () => row).join()}`,
} as const

/** Rows of the table entries on their way into it. To be flushed before anything else uses the table. */
export class Inserts {
  readonly #one
  readonly #several
  readonly #values = Array<SQLInputValue>(together * columns.length).fill(null)
  #filled = 0

  constructor(db: DatabaseSync) {
    this.#one = db.prepare(insertQueries.one)
    this.#several = db.prepare(insertQueries.several)
  }

  /** Hot path: once per message. The values in the order of the columns. */
  add(...values: readonly SQLInputValue[]): void {
    for (const value of values) this.#values[this.#filled++] = value
    if (this.#filled < this.#values.length) return
    this.#several.run(...this.#values)
    this.#filled = 0
  }

  flush(): void {
    for (let at = 0; at < this.#filled; at += columns.length) {
      this.#one.run(...this.#values.slice(at, at + columns.length))
    }
    this.#filled = 0
  }

  /** After a rollback. */
  forget(): void {
    this.#filled = 0
  }
}
