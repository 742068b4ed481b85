// Real proxies in front of a server, and what becomes of clients behind them, as a table.
// node test/proxies/main.ts [--proxies nginx,haproxy] [--json]
import { parseArgs } from 'node:util'
import { configurations } from './configurations.ts'
import { idleMs } from './launch.ts'
import { measure, type Measured } from './measure.ts'
import { programs, proxyNames } from './programs.ts'
import { table } from './table.ts'

const { values } = parseArgs({ options: { proxies: { type: 'string' }, json: { type: 'boolean' } } })
const asked = values.proxies?.split(',') ?? [...proxyNames]
const unknown = asked.filter((name) => !proxyNames.some((known) => known === name))
if (unknown.length > 0) throw new Error(`no proxy ${unknown.join(', ')}: known are ${proxyNames.join(', ')}`)

interface Row extends Measured {
  readonly proxy: string
  readonly configuration: string
}

const rows: Row[] = []
const sorted = proxyNames.flatMap((name) => configurations.filter(({ proxy }) => proxy === name))
for (const configuration of sorted) {
  const { proxy, name } = configuration
  if (!asked.includes(proxy)) continue
  if (!programs[proxy]) {
    console.error(`no ${proxy} here: node scripts/proxies.mjs fetches it`)
    continue
  }
  for (const row of await measure(configuration)) rows.push({ proxy, configuration: name, ...row })
  if (!values.json) console.error(`${proxy}, ${name}`)
}

if (values.json) console.log(JSON.stringify(rows, undefined, 2))
else {
  console.log(
    table(
      [
        'proxy',
        'configuration',
        'client',
        'first',
        'p50',
        'p99',
        'lost or doubled',
        'idle',
        'quiet',
        'left after',
        'took',
      ],
      rows.map((row) => [
        row.proxy,
        row.configuration,
        row.client,
        row.first,
        row.p50,
        row.p99,
        row.wrong === '' ? 0 : row.wrong,
        row.lostWhileIdle,
        row.cutWhenQuiet === undefined ? '' : row.cutWhenQuiet ? 'cut' : 'lives',
        row.leftAfter,
        row.client === 'sdk' ? row.took : '',
      ]),
    ),
  )
  console.log(`
Times in milliseconds. idle: connections lost in ${1.5 * idleMs} ms without an event, at heartbeats of ${Math.round(idleMs / 3)} ms and proxies that
cut what is silent for ${idleMs} ms; quiet: what becomes of one without heartbeats. left after: from a client's going until the server knew.`)
}
