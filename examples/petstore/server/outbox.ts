import type { Lane, Shelter } from './shelter.ts'

/** What the outbox needs of the wire. */
export interface Publisher {
  publish(channel: string, event: string, data: unknown, options: { key: string }): Promise<unknown>
}

const pageSize = 100
const retryMs = 500

/**
 * Publishes what the shelter has written down in one lane, in order, each with its own key. A process that dies between the
 * publish and the deletion publishes again after it has started, and the log recognises the key: once, all the same.
 */
export class Outbox {
  readonly #shelter: Shelter
  readonly #lane: Lane
  readonly #wire: Publisher
  #running: Promise<void> | undefined
  #isWoken = false
  #isClosed = false

  constructor(shelter: Shelter, lane: Lane, wire: Publisher) {
    this.#shelter = shelter
    this.#lane = lane
    this.#wire = wire
  }

  /** Publishes what is there. Fulfilled when it is published, so that a handler can answer after it. */
  flush(): Promise<void> {
    this.#isWoken = true
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    return this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false
      for (let page = this.#next(); page.length > 0; page = this.#next()) {
        for (const { n, channel, event, data, key } of page) {
          if (!(await this.#attempt(channel, event, data, key))) return
          this.#shelter.announced(this.#lane, n)
        }
      }
    }
  }

  /** The store may be away for a while; order forbids going on with the next. */
  async #attempt(channel: string, event: string, data: unknown, key: string): Promise<boolean> {
    while (!this.#isClosed) {
      try {
        await this.#wire.publish(channel, event, data, { key })
        return true
      } catch (error) {
        console.error(`petstore: could not publish to ${channel}, trying again:`, error)
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
    return false
  }

  #next() {
    return this.#isClosed ? [] : this.#shelter.unannounced(this.#lane, pageSize)
  }
}
