import type { PublishOptions } from './types.ts'

/** A publish as it is kept. */
export interface Kept {
  readonly id: number
  readonly channel: string
  readonly event: string
  readonly data: unknown
  readonly options: PublishOptions
  /** When it was first sent. */
  readonly triedAt?: number
}

const name = 'publishes'

/** Publishes in IndexedDB, in the order in which they came. What a promise answers has been committed. */
export class Shelf {
  readonly #opened: Promise<IDBDatabase>

  constructor(database: string) {
    this.#opened = new Promise((resolve, reject) => {
      const opening = indexedDB.open(database, 1)
      opening.onupgradeneeded = () =>
        opening.result.createObjectStore(name, { keyPath: 'id', autoIncrement: true })
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error ?? new Error('IndexedDB does not open'))
    })
    // Whoever asks for something is told.
    this.#opened.catch(() => {})
  }

  /** Its number; undefined when as many as `limit` are kept. */
  add(kept: Omit<Kept, 'id'>, limit: number): Promise<number | undefined> {
    return this.#run('readwrite', (store, answer) => {
      const counted = store.count()
      counted.onsuccess = () => {
        if (counted.result >= limit) return
        const added = store.add(kept)
        added.onsuccess = () => answer(Number(added.result))
      }
    })
  }

  /** The oldest. */
  async first(n: number): Promise<readonly Kept[]> {
    const found = await this.#run<readonly Kept[]>('readonly', (store, answer) => {
      const asked: IDBRequest<Kept[]> = store.getAll(undefined, n)
      asked.onsuccess = () => answer(asked.result)
    })
    return found ?? []
  }

  async tried(ids: readonly number[], at: number): Promise<void> {
    if (ids.length === 0) return
    await this.#run('readwrite', (store) => {
      for (const id of ids) {
        const asked: IDBRequest<Kept | undefined> = store.get(id)
        asked.onsuccess = () => asked.result && store.put({ ...asked.result, triedAt: at })
      }
    })
  }

  async remove(id: number): Promise<void> {
    await this.#run('readwrite', (store) => store.delete(id))
  }

  async size(): Promise<number> {
    const size = await this.#run<number>('readonly', (store, answer) => {
      const counted = store.count()
      counted.onsuccess = () => answer(counted.result)
    })
    return size ?? 0
  }

  async #run<Answer>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore, answer: (value: Answer) => void) => void,
  ): Promise<Answer | undefined> {
    const database = await this.#opened
    return new Promise((resolve, reject) => {
      // "strict": what was kept is on the disk, not only on its way.
      const transaction = database.transaction(name, mode, { durability: 'strict' })
      let answer: Answer | undefined
      transaction.oncomplete = () => resolve(answer)
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave up'))
      work(transaction.objectStore(name), (value) => (answer = value))
    })
  }
}
