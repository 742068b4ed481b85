// A server that answers every line on standard input with what it holds. Needs --expose-gc. Linux.
import { createHook } from 'node:async_hooks'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { everwire } from '../../src/index.ts'

// Those that do not keep the process alive are in no list of Node's.
const timers = new Set<number>()
createHook({
  init: (id, type) => void (type === 'Timeout' && timers.add(id)),
  destroy: (id) => void timers.delete(id),
}).enable()

const wire = everwire({ dev: true, heartbeatMs: 500, channels: { c0: { count: 10 } } })
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${JSON.stringify({ port })}\n`)

const publishing = setInterval(() => void wire.publish('c0', 'n', 'x'.repeat(100)), 20)

createInterface({ input: process.stdin })
  .on('line', () => void holdings().then((held) => process.stdout.write(`${JSON.stringify(held)}\n`)))
  .on('close', () => {
    clearInterval(publishing)
    void wire.close()
  })

async function holdings() {
  const { connections, channels } = await wire.stats()
  // What a first collection has made unreachable through finalizers goes with the next.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    connections,
    channels,
    timers: timers.size,
    sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    descriptors: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    heap: process.memoryUsage().heapUsed,
  }
}
