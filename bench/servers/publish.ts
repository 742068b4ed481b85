// The publisher inside every server that is written in JavaScript. SIGUSR2 begins it and ends it.
// RATE: messages a second, 0: as fast as they are taken. BURST: messages in one turn of the event loop.
import type { Server, Socket } from 'node:net'

const rate = Number(process.env['RATE'] ?? 0)
const burst = Number(process.env['BURST'] ?? 1)
const size = Number(process.env['SIZE'] ?? 128)
export const channels = Number(process.env['CHANNELS'] ?? 1)
export const port = Number(process.env['PORT'])
export const host = '127.0.0.1'
export const backlog = 4_096

/** Unsent bytes of one socket, of those looked at, past which publishing pauses. */
const ahead = 32_768

const clock = 'Bun' in globalThis ? await bunClock() : () => process.hrtime.bigint()

// Bun's hrtime begins at the start of the process; the generator reads CLOCK_MONOTONIC.
async function bunClock(): Promise<() => bigint> {
  // Types for what only Bun has are not worth a dependency.
  const ffi: string = 'bun:ffi'
  const { dlopen, ptr } = await import(ffi)
  const libc = dlopen('libc.so.6', { clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } })
  const time = new BigInt64Array(2)
  const address = ptr(time)
  return () => {
    libc.symbols.clock_gettime(1, address)
    return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n)
  }
}

let number = 0

/** The next message, an object whose JSON has `size` bytes. */
export function message(): { ts: number; n: number; d: string } {
  // Nanoseconds of uptime fit a number exactly for a hundred days.
  const next = { ts: Number(clock()), n: ++number, d: '' }
  next.d = 'x'.repeat(Math.max(0, size - JSON.stringify(next).length))
  return next
}

interface Run {
  readonly began: number
  published: number
}

/** `publish` sends one message to all; `unsent` gives the unsent bytes of some sockets. */
export function publishing(publish: () => unknown, unsent: () => readonly number[]): void {
  let run: Run | undefined
  process.on('SIGUSR2', () => {
    run = run ? undefined : { began: performance.now(), published: 0 }
    if (run) void (rate > 0 ? paced(run) : saturated(run))
  })

  function paced(mine: Run): void {
    if (run !== mine) return
    const due = Math.floor((((performance.now() - mine.began) / 1_000) * rate) / burst) * burst
    for (; mine.published < due; mine.published++) void publish()
    const next = mine.began + ((mine.published + burst) / rate) * 1_000
    setTimeout(paced, Math.max(1, next - performance.now()), mine)
  }

  async function saturated(mine: Run): Promise<void> {
    if (run !== mine) return
    if (Math.max(0, ...unsent()) > ahead) return void setTimeout(() => void saturated(mine), 1)
    // Awaited, so that a server that flushes at the end of a turn has flushed before the next one: else it would join
    // messages that the others send one by one.
    await Promise.all(Array.from({ length: burst }, publish))
    setImmediate(() => void saturated(mine))
  }
}

/** Unsent bytes of sixteen of the sockets that a server has. */
export function socketsOf(server: Server): () => readonly number[] {
  // By a thing of its own, which lets go: V8 keeps what an old set has held until its next full collection.
  const sockets = new Set<{ socket: Socket | undefined }>()
  server.on('connection', (socket: Socket) => {
    const held: { socket: Socket | undefined } = { socket }
    sockets.add(held)
    socket.on('close', () => {
      sockets.delete(held)
      held.socket = undefined
    })
  })
  return () => sample(sockets, ({ socket }) => socket?.writableLength ?? 0)
}

export function sample<T>(all: ReadonlySet<T>, unsent: (one: T) => number): readonly number[] {
  const found: number[] = []
  const step = Math.max(1, all.size >> 4)
  let i = 0
  for (const one of all) if (i++ % step === 0) found.push(unsent(one))
  return found
}
