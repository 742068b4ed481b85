// A process that appends to a SQLite log until it is killed, and prints what has been acknowledged.
// node test/support/publisher.ts <path> <start>
import { sqliteLog } from '../../src/log/sqlite.ts'

const [path = '', start = '0'] = process.argv.slice(2)
const rule = { keep: 'all', ageMs: 1e9, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 } as const
const log = await sqliteLog({ path, rules: () => rule })

async function publish(first: number): Promise<void> {
  for (let i = first; ; i += 16) {
    const key = { principal: 'publisher', key: String(i) }
    const [appended] = await log.append([{ channel: `c${i % 3}`, event: 'e', data: String(i), key }])
    process.stdout.write(`${appended?.seq} ${i} ${log.lineage.current.name}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, lane) => publish(Number(start) + lane)))
