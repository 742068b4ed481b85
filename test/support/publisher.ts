// A process that appends to a SQLite log until it is killed, and prints what has been acknowledged, and when.
// node test/support/publisher.ts <path> <start> [in flight] [always|interval]
import { sqliteLog } from '../../src/log/sqlite.ts'

const [path = '', start = '0', inFlight = '16', sync = 'always'] = process.argv.slice(2)
const lanes = Number(inFlight)
const rule = { keep: 'all', ageMs: 1e9, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 } as const
const log = await sqliteLog({ path, rules: () => rule, sync: sync === 'interval' ? sync : 'always' })

async function publish(first: number): Promise<void> {
  for (let i = first; ; i += lanes) {
    const key = { principal: 'publisher', key: String(i) }
    const [appended] = await log.append([{ channel: `c${i % 3}`, event: 'e', data: String(i), key }])
    // The time is that of CLOCK_MONOTONIC, which all processes share.
    const time = process.hrtime.bigint()
    process.stdout.write(`${appended?.seq} ${i} ${log.lineage.current.name} ${time}\n`)
  }
}

await Promise.all(Array.from({ length: lanes }, (_, lane) => publish(Number(start) + lane)))
