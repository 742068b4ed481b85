// Free ports of this machine, and servers that come up on them.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const startMs = 15_000

/** Waits until the server takes connections. Throws when it ends, or does not within 15 s. */
export async function listening(port: number, server: ChildProcess): Promise<void> {
  const until = performance.now() + startMs
  while (performance.now() < until) {
    const ended = server.exitCode ?? server.signalCode
    if (ended !== null) throw new Error(`the server has ended with ${ended}`)
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    // What a start leaves behind is to be over before memory and time are read.
    if (open) return delay(200)
    await delay(20)
  }
  throw new Error(`the server does not listen after ${startMs / 1_000} s`)
}

/** A free port whose next one is free, too. */
export async function freePorts(): Promise<number> {
  for (;;) {
    // Who comes back to what had this port before is not waited for.
    const turnedAway = () => createServer((socket) => socket.destroy())
    const first = turnedAway().listen(0, '127.0.0.1')
    await once(first, 'listening')
    const { port } = first.address() as AddressInfo
    const second = turnedAway().listen(port + 1, '127.0.0.1')
    const free = await new Promise<boolean>((resolve) => {
      second.once('listening', () => resolve(true)).once('error', () => resolve(false))
    })
    for (const server of [first, second]) if (server.listening) await once(server.close(), 'close')
    if (free) return port
  }
}
