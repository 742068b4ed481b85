import type { SpineStep, Watcher } from '../log.ts'
import type { SpinePage } from './wire.ts'

interface Watch {
  readonly watcher: Watcher
  /** Everything up to here has been told. */
  at: number
  /** While it reads the file: the steps committed since it asked for the last page. */
  behind: SpineStep[] | undefined
}

/** Tells watchers of what was committed; those that start behind the head get what the file has first. */
export class SqliteSpine {
  readonly #page: (after: number) => Promise<SpinePage>
  readonly #watches = new Set<Watch>()

  constructor(page: (after: number) => Promise<SpinePage>) {
    this.#page = page
  }

  /** A commit: to be called once for each, in order. */
  committed(step: SpineStep): void {
    for (const watch of this.#watches) {
      if (watch.behind) watch.behind.push(step)
      else tell(watch, step)
    }
  }

  watch(after: number, head: number, watcher: Watcher): () => void {
    const watch: Watch = { watcher, at: after, behind: after < head ? [] : undefined }
    this.#watches.add(watch)
    if (watch.behind) void this.#catchUp(watch)
    return () => void this.#watches.delete(watch)
  }

  /** Ends all watches. */
  lost(error: Error): void {
    const watches = [...this.#watches]
    this.#watches.clear()
    for (const { watcher } of watches) watcher.lost(error)
  }

  /**
   * The snapshot of a page is taken after the page was asked for, so it holds every commit told before that; those
   * told since are in `behind`. The two overlap, and leave no hole.
   */
  async #catchUp(watch: Watch): Promise<void> {
    for (let complete = false; !complete;) {
      watch.behind = []
      let page: SpinePage
      try {
        page = await this.#page(watch.at)
      } catch (error) {
        this.#fail(watch, error)
        return
      }
      if (!this.#watches.has(watch)) return
      tell(watch, { after: watch.at, through: page.through, appends: page.appends })
      complete = page.complete
    }
    const behind = watch.behind ?? []
    watch.behind = undefined
    for (const step of behind) if (this.#watches.has(watch)) tell(watch, step)
  }

  #fail(watch: Watch, error: unknown): void {
    if (this.#watches.delete(watch))
      watch.watcher.lost(error instanceof Error ? error : new Error(String(error)))
  }
}

function tell(watch: Watch, step: SpineStep): void {
  const { at } = watch
  if (step.through <= at) return
  watch.at = step.through
  const appends = step.after >= at ? step.appends : step.appends.filter(({ seq }) => seq > at)
  watch.watcher.step({ after: at, through: step.through, appends })
}
