import type { Entry, SpineAppend, SpineStep, Watcher } from '../log.ts'

interface Watch {
  readonly watcher: Watcher
  /** Everything up to here has been told. */
  at: number
}

/** Every append after `after` that the log still has; see `Log.watch` for what it has not. */
export type CatchUp = (after: number, through: number) => readonly SpineAppend[]

/** Tells watchers of appends, joined into one step a turn. */
export class MemorySpine {
  readonly #catchUp: CatchUp
  readonly #watches = new Set<Watch>()
  #pending: SpineAppend[] = []
  /** What is pending follows this. */
  #flushed = 0
  #through = 0
  #scheduled = false

  constructor(catchUp: CatchUp) {
    this.#catchUp = catchUp
  }

  push(entry: Entry): void {
    this.#through = entry.seq
    this.#pending.push({ seq: entry.seq, channel: entry.channel, entry })
    this.#schedule()
  }

  watch(after: number, watcher: Watcher): () => void {
    const watch = { watcher, at: after }
    this.#watches.add(watch)
    this.#schedule()
    return () => void this.#watches.delete(watch)
  }

  close(error: Error): void {
    for (const { watcher } of this.#watches) queueMicrotask(() => watcher.lost(error))
    this.#watches.clear()
    this.#pending = []
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const after = this.#flushed
    const through = this.#through
    const appends = this.#pending
    this.#scheduled = false
    this.#pending = []
    this.#flushed = through
    for (const watch of this.#watches) {
      if (watch.at >= through) continue
      const step: SpineStep = {
        after: watch.at,
        through,
        appends:
          watch.at === after
            ? appends
            : watch.at > after
              ? appends.filter(({ seq }) => seq > watch.at)
              : this.#catchUp(watch.at, through),
      }
      watch.at = through
      watch.watcher.step(step)
    }
  }
}
