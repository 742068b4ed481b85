/** Where somebody stands among others; lets go of them when they leave. */
export interface Place<T> {
  member: T | undefined
}

/**
 * A set, but for the collector. What a set held when it last moved its members lives on until the next full collection if the
 * set is old, and for longer while an iterator is open: of connections that come and go that is every one, with its socket.
 * This one only holds their places, so that nothing but these lives on.
 */
export class Places<T> {
  readonly #all = new Set<Place<T>>()

  get size(): number {
    return this.#all.size
  }

  add(member: T): Place<T> {
    const place = { member }
    this.#all.add(place)
    return place
  }

  delete(place: Place<T>): void {
    this.#all.delete(place)
    place.member = undefined
  }

  *values(): Generator<T, undefined> {
    for (const { member } of this.#all) if (member) yield member
    return undefined
  }
}
