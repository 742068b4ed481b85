/** A connection is looked at this many times a heartbeat. */
export const ticksPerHeartbeat = 4

/**
 * Decides when a connection has something to say for its own sake. Counts ticks instead of reading the clock, so that a
 * process that stood still does not take its own silence for its clients'. Knows of sending only by a count of bytes:
 * nothing is added to the hot path.
 */
export class Pulse {
  #ticks = 0
  #quiet = 0
  #sent = 0

  /**
   * `beat`: a heartbeat has passed since the last one. `silent`: nothing has been sent for so long that, with the next
   * tick, it might become longer than a heartbeat.
   */
  tick(sent: number): { readonly beat: boolean; readonly silent: boolean } {
    this.#ticks++
    this.#quiet = sent === this.#sent ? this.#quiet + 1 : 0
    this.#sent = sent
    return { beat: this.#ticks % ticksPerHeartbeat === 0, silent: this.#quiet >= ticksPerHeartbeat - 2 }
  }

  /** What was sent in this tick was said for its own sake, just now. */
  spoke(sent: number): void {
    this.#sent = sent
    this.#quiet = -1
  }

  /** Was sent, but does not count: a page does not see the pings of RFC 6455. */
  uncounted(sent: number): void {
    this.#sent = sent
  }
}

/** Decides when a peer is dead: no byte from it for two heartbeats (PROTOCOL.md 5.2). */
export class Hearing {
  #deaf = 0
  #received = 0

  /** Whether the peer is dead. `unknown`: it cannot be heard now, dead or alive. */
  tick(received: number, unknown: boolean): boolean {
    this.#deaf = received === this.#received && !unknown ? this.#deaf + 1 : 0
    this.#received = received
    // A byte may have come right after a tick: then the next one saw it, and the two heartbeats are over one earlier.
    return this.#deaf >= 2 * ticksPerHeartbeat - 1
  }
}
