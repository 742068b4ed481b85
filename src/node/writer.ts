import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { Clock } from '../server/kernel.ts'

/**
 * Small pieces are copied into one write, up to so many bytes; pieces that are larger on average leave as they are. A copy is
 * cheaper than a piece more, but is this socket's alone: a thousand slow readers that hold the same pieces hold them once.
 */
const joinedBytes = 64 * 1024
const copiedPiece = 1_024

/**
 * Writes ready bytes to a socket: what is sent within one turn of the event loop leaves in one write. Knows how much
 * room is left of a limit, and since when nothing has left. Links extend it: an object less for each connection.
 */
export abstract class Writer {
  readonly #socket: Writable
  readonly #limit: number
  readonly #clock: Pick<Clock, 'elapsed'>
  readonly #oftenAtOnce: boolean
  #wrote: (() => void) | undefined
  #first: Uint8Array | undefined
  #more: Uint8Array[] | undefined
  #waiting = 0
  #full = false
  #ended = false
  /** Known to have let everything out: nobody else writes to the socket, so it need not be looked at. */
  #empty = false
  /** When a byte was last seen to leave, or when the first of those that wait came. */
  #movedAt = 0
  /** How many had left by then. */
  #moved = -1
  /** Bytes taken so far. */
  sent = 0

  constructor(socket: Writable, limit: number, clock: Pick<Clock, 'elapsed'>) {
    this.#socket = socket
    this.#limit = limit
    this.#clock = clock
    // What TLS and HTTP/2 write never leaves within the call.
    this.#oftenAtOnce = socket instanceof Socket && !('encrypted' in socket)
  }

  /** Called whenever `room` has become positive again. */
  protected abstract drained(): void

  get room(): number {
    return this.#limit - this.#waiting - this.#held
  }

  /** Bytes that the socket has taken and not let out. Hot path: looking at a thousand sockets is what it costs. */
  get #held(): number {
    if (this.#empty) return 0
    const bytes = this.#socket.writableLength
    this.#empty = bytes === 0
    return bytes
  }

  get stalledMs(): number {
    if (this.#ended || this.#held === 0) return 0
    this.#look()
    return this.#clock.elapsed() - this.#movedAt
  }

  // Hot path: once per reader per turn.
  send(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return
    this.sent += bytes.length
    this.#waiting += bytes.length
    if (this.#first === undefined) {
      this.#first = bytes
      enqueue(this)
    } else if (this.#more === undefined) this.#more = [bytes]
    else this.#more.push(bytes)
    if (this.#waiting >= this.#limit) this.#full = true
  }

  /** Writes what this turn has brought. Hot path. */
  flush(): void {
    const first = this.#first
    if (first === undefined) return
    const more = this.#more
    const bytes = this.#waiting
    this.#first = undefined
    this.#more = undefined
    this.#waiting = 0
    if (this.#ended) return
    if (more === undefined) this.#write(first)
    else if (bytes <= Math.min(joinedBytes, (more.length + 1) * copiedPiece))
      this.#write(Buffer.concat([first, ...more], bytes))
    else this.#writeCorked(first, more)
  }

  /** Takes nothing more; what was sent before has been written when this returns. */
  protected finish(): void {
    this.flush()
    this.#ended = true
  }

  /** Takes nothing more and forgets what was not written. */
  protected drop(): void {
    this.#ended = true
    this.#first = undefined
    this.#more = undefined
    this.#waiting = 0
  }

  #write(bytes: Uint8Array): void {
    const before = this.#held
    const told = before > 0 || !this.#oftenAtOnce
    if (told) this.#socket.write(bytes, this.#left)
    else this.#socket.write(bytes)
    this.#written(before, told)
  }

  #writeCorked(first: Uint8Array, more: readonly Uint8Array[]): void {
    const socket = this.#socket
    const before = this.#held
    const told = before > 0 || !this.#oftenAtOnce
    socket.cork()
    socket.write(first)
    for (const piece of more) socket.write(piece)
    if (told) socket.write(nothing, this.#left)
    socket.uncork()
    this.#written(before, told)
  }

  /**
   * Most writes leave at once, within the call, and then nobody needs to be told: a callback costs a tick for each socket, a
   * tenth of the whole delivery. `before`: the bytes that waited in the socket; `told`: a callback goes with the write.
   */
  #written(before: number, told: boolean): void {
    if (!told) {
      // Whoever found no room within this turn waits to be told.
      if (this.#socket.writableLength === 0 && !this.#full) return
      this.#socket.write(nothing, this.#left)
    }
    this.#waits(before)
  }

  /** `before`: the bytes that waited in the socket before the last write. */
  #waits(before: number): void {
    this.#empty = false
    if (before === 0) this.#movedAt = this.#clock.elapsed()
    if (this.room <= 0) this.#full = true
    this.#look()
  }

  /** Takes note of what has left since it last looked. */
  #look(): void {
    const left = this.sent - this.#waiting - this.#held
    if (left === this.#moved) return
    this.#moved = left
    this.#movedAt = this.#clock.elapsed()
  }

  /** Made when a write does not leave at once: that of most connections always does. */
  get #left(): () => void {
    return (this.#wrote ??= () => {
      this.#look()
      if (!this.#full || this.#ended || this.room <= 0) return
      this.#full = false
      this.drained()
    })
  }
}

const nothing = new Uint8Array(0)

/** Lets a head that is written now leave together with what this turn says behind it, in one write. */
export function holdHead(socket: Writable): void {
  socket.cork()
  heads.push(socket)
  awaitEnd()
}

let turn: Writer[] = []
let heads: Writable[] = []
let awaited = false
const now = Promise.resolve()

// One callback a turn for all sockets: a thousand of them would cost more than the joining saves.
function enqueue(writer: Writer): void {
  turn.push(writer)
  awaitEnd()
}

function awaitEnd(): void {
  if (awaited) return
  awaited = true
  // A `queueMicrotask` of Node is dearer: it keeps an async resource.
  void now.then(settled)
}

// After the promises of this turn: what they bring, a subscription to the greeting, leaves with it.
function settled(): void {
  process.nextTick(flushTurn)
}

function flushTurn(): void {
  const held = heads
  heads = []
  awaited = false
  writeNow()
  for (const socket of held) socket.uncork()
}

/** Writes what this turn has sent so far, before its end. */
export function writeNow(): void {
  const writers = turn
  turn = []
  for (const writer of writers) writer.flush()
}
