// The application as a process of its own; its parent is `supervisor.ts`.
import { petstore } from '../server.ts'

const data = process.argv[2]
if (!data) throw new Error('usage: child.ts DATA')
const store = await petstore({ port: 0, data, demo: true })

async function end() {
  await store.close()
  process.exit(0)
}
// Without its parent nobody could reach it.
process.once('disconnect', () => void end())
process.once('SIGTERM', () => void end())
// At a terminal Ctrl-C goes to both; the parent decides.
process.on('SIGINT', () => {})
process.send?.(store.port)
