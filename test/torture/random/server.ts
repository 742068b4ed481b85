// The server that is tortured. node test/torture/random/server.ts [folder]: SQLite there, memory without; prints its
// port. It reads the token as the name of whoever comes.
import { everwire } from '../../../src/index.ts'
import { room, shortCount } from './world.ts'

const [store] = process.argv.slice(2)
const open = { subscribe: true, publish: true } as const
const wire = everwire({
  ...(store === undefined ? {} : { store }),
  authenticate: ({ headers }) => headers['authorization']?.replace('Bearer ', ''),
  channels: {
    'all/*': { ...open, count: 1e7, bytes: '4GB' },
    'short/*': { ...open, count: shortCount },
    'latest/*': { ...open, keep: 'latest', tombstones: '5s' },
    'none/*': { ...open, keep: 'none' },
    'locked/*': { subscribe: true },
    [room]: { ...open, presence: true },
  },
  // What is silent for two heartbeats is dead; streams end by themselves now and then.
  heartbeatMs: 1_000,
  retryMs: 50,
  limits: { streamMs: 8_000, unsentBytes: 16 * 1024, drainMs: 200 },
})
process.once('SIGTERM', () => void wire.close().then(() => process.exit(0)))
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${port}\n`)
