// The server whose clients leave: prints its port, and what it holds for each line on standard input. Needs --expose-gc.
import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { everwire } from '../../../src/index.ts'

const wire = everwire({ dev: true })
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${JSON.stringify({ port })}\n`)

/** Bytes of the heap, garbage apart: what finalizers let go of goes with the next round. */
async function collect(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'publish') await wire.publish('a/1', 'm', 'to whoever is there')
  const { connections, channels } = await wire.stats()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  const fds = (await readdir('/proc/self/fd')).length
  const bytes = line === 'collect' ? await collect() : 0
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  process.stdout.write(`${JSON.stringify({ connections, channels, fds, resources, listeners, bytes })}\n`)
}
