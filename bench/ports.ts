// Free ports of this machine, and servers that come up on them.
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
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

/**
 * A free port whose next one is free, too; below those that the system gives to clients, tens of thousands of which are
 * taken for a minute after each measurement.
 */
export async function freePorts(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const servers = [port, port + 1].map((each) =>
      // Who comes back to what had this port before is not waited for.
      createServer((socket) => socket.destroy()).listen(each, '127.0.0.1'),
    )
    const free = await Promise.all(
      servers.map(async (server) =>
        once(server, 'listening').then(
          () => true,
          () => false,
        ),
      ),
    )
    for (const server of servers) if (server.listening) await once(server.close(), 'close')
    if (free.every(Boolean)) return port
  }
}
