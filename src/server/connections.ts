import { Places } from '../session/place.ts'
import type { Connection, LiveConnections } from './kernel.ts'

/** The connections of one server, each of which knows its place. */
export class Connections implements LiveConnections {
  readonly #places = new Places<Connection>()

  get size(): number {
    return this.#places.size
  }

  add(connection: Connection): void {
    connection.place = this.#places.add(connection)
  }

  delete(connection: Connection): void {
    if (connection.place) this.#places.delete(connection.place)
    connection.place = undefined
  }

  values(): Generator<Connection, undefined> {
    return this.#places.values()
  }

  [Symbol.iterator](): Generator<Connection, undefined> {
    return this.values()
  }
}
