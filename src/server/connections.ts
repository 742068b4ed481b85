import type { Place } from '../session/place.ts'
import type { Connection, LiveConnections } from './kernel.ts'

/**
 * A set of connections, but for the collector. What a set held when it last moved its members lives on until the next full
 * collection if the set is old, and for longer while an iterator is open: of connections that come and go that is every one,
 * with its socket. This one only holds their places, so that nothing but these lives on.
 */
export class Connections implements LiveConnections {
  readonly #places = new Set<Place<Connection>>()

  get size(): number {
    return this.#places.size
  }

  add(connection: Connection): void {
    const place = { connection }
    connection.place = place
    this.#places.add(place)
  }

  delete(connection: Connection): void {
    const { place } = connection
    if (!place) return
    this.#places.delete(place)
    place.connection = undefined
    connection.place = undefined
  }

  *values(): Generator<Connection, undefined> {
    for (const { connection } of this.#places) if (connection) yield connection
    return undefined
  }

  [Symbol.iterator](): Generator<Connection, undefined> {
    return this.values()
  }
}
