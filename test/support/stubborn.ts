// A process that goes on publishing to a SQLite log and reading it whatever the log answers, and prints what it heard.
// node test/support/stubborn.ts <path> <publishes> <bytes of each> [always|interval] [refusals after which it ends]
import { sqliteLog } from '../../src/log/sqlite.ts'

const [path = '', publishes = '0', bytes = '1', mode, most = '1000'] = process.argv.slice(2)
const rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e12, tombstoneMs: 1e9 } as const
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

const sync = mode === 'interval' ? 'interval' : 'always'
const log = await sqliteLog({ path, rules: () => rule, sync, syncMs: 1 })
let refused = 0
for (let i = 0; i < Number(publishes) && refused < Number(most); i++) {
  const data = JSON.stringify(`${i} ${'x'.repeat(Number(bytes))}`)
  try {
    const [appended] = await log.append([{ channel: 'a', event: 'e', data }])
    print({ seq: appended?.seq, data: data.length, epoch: log.lineage.current.name })
  } catch (error) {
    refused++
    const read = await log.read([{ channel: 'a', after: 0 }], { entries: 1e9, bytes: 1e9 })
    print({ refused: String(error), kept: read.entries.length })
  }
}
await log.close()
print({ closed: true })
