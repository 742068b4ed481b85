/** Who wants to know what. An exception of one is reported and keeps nothing from the others. */
export class Listeners<Events extends object> {
  readonly #byName = new Map<keyof Events, Set<(value: never) => void>>()
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Calls `listener` for each `name` until the answer is called. The same function counts each time it is added. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const own = (value: Events[Name]) => listener(value)
    const set = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, set.add(own))
    return () => void set.delete(own)
  }

  // Hot path: once per message and listener.
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of this.#byName.get(name) ?? []) {
      try {
        // The set under a name holds listeners of that name's value only.
        ;(listener as (value: Events[Name]) => void)(value)
      } catch (error) {
        this.#report(error)
      }
    }
  }

  /** Whether somebody listens to anything but `names`. */
  hears(names: ReadonlySet<keyof Events>): boolean {
    return [...this.#byName].some(([name, set]) => set.size > 0 && !names.has(name))
  }

  clear(): void {
    this.#byName.clear()
  }
}
