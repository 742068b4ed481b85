/** What the joint needs to know of a channel. */
export interface Held {
  /** Memory holds every message of the channel after this, up to the hub's `through`; undefined: nothing is stored. */
  readonly floor: number
  /** The reader has, or does not want, everything of the channel up to here. */
  readonly after: number
}

/**
 * The one joint between the live path and the log: a reader may take from memory iff, for every one of its
 * channels, memory reaches back to where the reader stands. Otherwise it reads the log.
 */
export function memoryReaches(channels: Iterable<Held>): boolean {
  for (const { floor, after } of channels) if (floor > after) return false
  return true
}
