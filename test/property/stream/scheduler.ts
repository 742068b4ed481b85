/** Work that has been put off: the test decides when, and in which order, each piece runs. */
export class Scheduler {
  readonly #tasks: { readonly kind: Kind; readonly run: () => void }[] = []

  put(kind: Kind, run: () => void): () => void {
    const task = { kind, run }
    this.#tasks.push(task)
    return () => {
      const at = this.#tasks.indexOf(task)
      if (at >= 0) this.#tasks.splice(at, 1)
    }
  }

  get size(): number {
    return this.#tasks.length
  }

  /** Runs one task: the oldest, or any other (`pick` counts from the oldest), and what follows from it at once. */
  async run(pick = 0): Promise<void> {
    const [task] = this.#tasks.splice(pick % Math.max(1, this.#tasks.length), 1)
    task?.run()
    await settled()
  }

  /** Runs everything, oldest first, until nothing is left. */
  async drain(): Promise<void> {
    await settled()
    for (let i = 0; this.#tasks.length > 0; i++) {
      if (i > 100_000) throw new Error('the tasks never end')
      await this.run()
    }
  }
}

export type Kind = 'flush' | 'read' | 'step' | 'timer'

/** Lets every promise that can go on go on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
