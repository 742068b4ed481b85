// The server that is tortured. node test/torture/random/server.ts [folder]: SQLite there, memory without; prints its port.
import { everwire } from '../../../src/index.ts'
import { shortCount } from './world.ts'

const [store] = process.argv.slice(2)
const open = { subscribe: true, publish: true } as const
const wire = everwire({
  ...(store === undefined ? {} : { store }),
  channels: {
    'all/*': { ...open, count: 1e6, bytes: '1GB' },
    'short/*': { ...open, count: shortCount },
    'latest/*': { ...open, keep: 'latest' },
    'none/*': { ...open, keep: 'none' },
  },
  // What is silent for two heartbeats is dead; streams end by themselves now and then.
  heartbeatMs: 500,
  retryMs: 50,
  limits: { streamMs: 4_000, unsentBytes: 16 * 1024 },
})
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${port}\n`)
