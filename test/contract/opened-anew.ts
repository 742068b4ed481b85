import type { ChannelCursor, HistoryQuery, Log, NewEntry, ReadLimit, Watcher } from '../../src/log/log.ts'
import type { OpenLog } from 'everwire/testing'

// An opening starts two threads: enough of them to stand between any two steps of a test, not of a flood.
const maxReopenings = 3

/** A store whose log is closed and opened again before each of its first calls, for as long as nobody watches it. */
export function openedAnew(open: OpenLog): OpenLog {
  return async (options) => {
    const { log, reopen } = await open(options)
    if (!reopen) throw new Error('this store cannot be opened again')
    const anew = new AnewLog(log, reopen)
    return { log: anew, reopen: () => anew.reopen() }
  }
}

class AnewLog implements Log {
  #log: Log
  readonly #reopen: () => Promise<Log>
  #watchers = 0
  #reopenings = 0
  #closed = false
  /** Calls come one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(log: Log, reopen: () => Promise<Log>) {
    this.#log = log
    this.#reopen = reopen
  }

  get lineage() {
    return this.#log.lineage
  }

  get dedupeMs() {
    return this.#log.dedupeMs
  }

  append(entries: readonly NewEntry[]) {
    return this.#anew(async (log) => log.append(entries))
  }

  read(cursors: readonly ChannelCursor[], limit: ReadLimit) {
    return this.#anew((log) => log.read(cursors, limit))
  }

  history(query: HistoryQuery) {
    return this.#anew((log) => log.history(query))
  }

  head() {
    return this.#anew(async (log) => log.head())
  }

  watch(after: number, watcher: Watcher) {
    this.#watchers++
    return this.#log.watch(after, watcher)
  }

  sweep() {
    return this.#anew((log) => log.sweep())
  }

  async close() {
    this.#closed = true
    await this.#log.close()
  }

  async reopen(): Promise<Log> {
    this.#log = await this.#reopen()
    this.#closed = false
    return this
  }

  #mayReopen(): boolean {
    return this.#watchers === 0 && !this.#closed && this.#reopenings < maxReopenings
  }

  #anew<Value>(call: (log: Log) => Promise<Value>): Promise<Value> {
    if (this.#watchers > 0 || this.#closed) return call(this.#log)
    const result = this.#last.then(async () => {
      if (this.#mayReopen()) {
        this.#reopenings++
        this.#log = await this.#reopen()
      }
      return call(this.#log)
    })
    this.#last = result.catch(() => {})
    return result
  }
}
