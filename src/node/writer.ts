import type { Writable } from 'node:stream'

/** What waits for a writer's turn to end may hold as many pieces as fit one joined copy; larger ones are corked. */
const joinedBytes = 64 * 1024

/**
 * Writes ready bytes to a socket: what is sent within one turn of the event loop leaves in one write. Knows how much
 * room is left of a limit, and since when nothing has left.
 */
export class Writer {
  readonly #socket: Writable
  readonly #limit: number
  readonly #elapsed: () => number
  readonly #drained: () => void
  #pieces: Uint8Array[] = []
  #waiting = 0
  #full = false
  #ended = false
  /** When a byte last left, or when the first of those that wait came; undefined: none waits. */
  #movedAt: number | undefined
  /** Bytes taken so far. */
  sent = 0

  /** `elapsed`: milliseconds by a clock that nobody sets. `drained` is called whenever `room` has become positive again. */
  constructor(socket: Writable, limit: number, elapsed: () => number, drained: () => void) {
    this.#socket = socket
    this.#limit = limit
    this.#elapsed = elapsed
    this.#drained = drained
  }

  get room(): number {
    return this.#limit - this.#waiting - this.#socket.writableLength
  }

  get stalledMs(): number {
    return this.#movedAt === undefined ? 0 : this.#elapsed() - this.#movedAt
  }

  // Hot path: once per reader per turn.
  send(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return
    this.sent += bytes.length
    this.#waiting += bytes.length
    if (this.#pieces.push(bytes) === 1) enqueue(this)
    if (this.#waiting >= this.#limit) this.#full = true
  }

  /** Writes what this turn has brought. Hot path. */
  flush(): void {
    const pieces = this.#pieces
    const [first] = pieces
    if (first === undefined) return
    const bytes = this.#waiting
    this.#pieces = []
    this.#waiting = 0
    if (this.#ended) return
    const socket = this.#socket
    if (pieces.length === 1) socket.write(first, this.#left)
    else if (bytes <= joinedBytes) socket.write(Buffer.concat(pieces, bytes), this.#left)
    else {
      socket.cork()
      for (const piece of pieces) socket.write(piece)
      socket.write(nothing, this.#left)
      socket.uncork()
    }
    // Most writes leave at once, within the call.
    if (socket.writableLength === 0) return
    this.#movedAt ??= this.#elapsed()
    if (this.room <= 0) this.#full = true
  }

  /** Takes nothing more; what was sent before has been written when this returns. */
  end(): void {
    this.flush()
    this.#ended = true
  }

  /** Takes nothing more and forgets what was not written. */
  drop(): void {
    this.#ended = true
    this.#pieces = []
    this.#waiting = 0
    this.#movedAt = undefined
  }

  readonly #left = (): void => {
    this.#movedAt = this.#socket.writableLength === 0 ? undefined : this.#elapsed()
    if (!this.#full || this.#ended || this.room <= 0) return
    this.#full = false
    this.#drained()
  }
}

const nothing = new Uint8Array(0)

let turn: Writer[] = []

// One callback a turn for all sockets: a thousand of them would cost more than the joining saves.
function enqueue(writer: Writer): void {
  if (turn.push(writer) === 1) process.nextTick(flushTurn)
}

function flushTurn(): void {
  const writers = turn
  turn = []
  for (const writer of writers) writer.flush()
}
