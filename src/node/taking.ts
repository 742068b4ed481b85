import type { Duplex } from 'node:stream'

/** Who takes what comes on a socket. */
export interface Taking {
  taken(chunk: Buffer): void
  /** The peer sends nothing more. */
  ended(): void
  /** The socket is closed. */
  closed(): void
}

const takingOf = Symbol('taking')

/** Listeners find who takes on their socket: so they are the same for all, and stay when another takes over. */
interface TakenSocket extends Duplex {
  [takingOf]?: Taking | undefined
}

/** From now on `taking` is told, instead of whoever was. */
export function takeFrom(socket: Duplex, taking: Taking): void {
  const taken: TakenSocket = socket
  const listened = taken[takingOf] !== undefined
  taken[takingOf] = taking
  if (!listened) socket.on('data', onData).on('end', onEnd).on('close', onClose)
}

/** Nobody is told any more. */
export function leave(socket: Duplex): void {
  const taken: TakenSocket = socket
  taken[takingOf] = undefined
  socket.off('data', onData).off('end', onEnd).off('close', onClose)
}

export function whoTakes(socket: Duplex): Taking | undefined {
  const taken: TakenSocket = socket
  return taken[takingOf]
}

function onData(this: TakenSocket, chunk: Buffer): void {
  this[takingOf]?.taken(chunk)
}

function onEnd(this: TakenSocket): void {
  this[takingOf]?.ended()
}

function onClose(this: TakenSocket): void {
  this[takingOf]?.closed()
  // Whoever keeps sockets longer than they live, as a set that is old does, keeps no session with them.
  this[takingOf] = undefined
}
