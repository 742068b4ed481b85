// Readers that stop reading, among healthy ones under load; prints a table, and ends with 1 when something is not as it
// has to be. Linux, python3.
// node test/torture/slow-readers.ts [--slow 1000] [--healthy 100] [--owed 20MB] [--size 16kB] [--rate 50]
//   [--transport websocket|sse|poll|all] [--stall on|off|both]
import { parseArgs } from 'node:util'
import { bounds, faultsOf, mib, onOff, slowReaders, transports, type SlowReadersReport } from './slow/run.ts'

const { values } = parseArgs({
  options: {
    slow: { type: 'string', default: '1000' },
    healthy: { type: 'string', default: '100' },
    owed: { type: 'string', default: '20MB' },
    size: { type: 'string', default: '16kB' },
    rate: { type: 'string', default: '50' },
    transport: { type: 'string', default: 'all' },
    stall: { type: 'string', default: 'both' },
  },
})
const chosen = transports.filter((name) => values.transport === 'all' || values.transport === name)
const stalls = [false, true].filter((on) => values.stall === 'both' || values.stall === onOff(on))
if (chosen.length === 0) throw new Error(`--transport takes ${transports.join(', ')} or all`)
if (stalls.length === 0) throw new Error('--stall takes on, off or both')
const load = {
  slow: wholeOf(values.slow),
  healthy: wholeOf(values.healthy),
  perSecond: wholeOf(values.rate),
  owed: bytesOf(values.owed),
  size: bytesOf(values.size),
}

const reports: SlowReadersReport[] = []
for (const transport of chosen) {
  for (const stall of stalls) {
    reports.push(await slowReaders({ ...load, transport, stall }, (line) => console.log(line)))
    console.log(table(reports))
  }
}
const faults = reports.flatMap((report) =>
  faultsOf(report).map((fault) => `${report.transport}, stall limit ${onOff(report.stall)}: ${fault}`),
)
for (const fault of faults) console.log(fault)
process.exitCode = faults.length > 0 ? 1 : 0

function wholeOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`${JSON.stringify(text)} is no whole number`)
}

function bytesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+)(B|kB|MB)?$/.exec(text) ?? []
  if (amount === undefined) throw new Error(`${JSON.stringify(text)} is no size: write 512B, 8kB or 20MB`)
  return Number(amount) * (unit === 'MB' ? mib : unit === 'kB' ? 1024 : 1)
}

function table(all: readonly SlowReadersReport[]): string {
  const rows = all.map((report) => {
    const { delivery, cpu, server, kernel, sockets, groups } = report
    const bound = bounds(report.slow)
    const times = (three: readonly number[]) => three.map((ms) => ms.toFixed(1)).join(', ')
    const ratio = delivery.with.map((ms, i) => (ms / (delivery.without[i] ?? 0)).toFixed(2)).join(', ')
    const round = (bytes: number) => String(Math.round(bytes / mib))
    const growth = (bytes: number) => `${Math.round(bytes / 1024 / report.slow)} kB`
    const sum = (what: 'lost' | 'doubled' | 'gaps') => groups.healthy[what] + groups.slow[what]
    return [
      report.transport,
      onOff(report.stall),
      times(delivery.without),
      times(delivery.with),
      ratio,
      `${cpu.without.toFixed(1)}, ${cpu.with.toFixed(1)}`,
      [server.without, server.owed, server.most].map(round).join(', '),
      round(server.without + bound.server),
      growth(Math.max(0, server.owed - server.without)),
      `${round(kernel.without)}, ${round(kernel.owed)}`,
      round(kernel.without + bound.kernel),
      String(sockets),
      `${sum('lost')}, ${sum('doubled')}, ${sum('gaps')}`,
      String(groups.slow.resumes),
    ]
  })
  const head = [
    'transport',
    'stall limit',
    'p50, p99, longest without (ms)',
    'with',
    'ratio',
    "server's processor without, with (s)",
    'server without, owed, most (MiB)',
    'bound',
    'each',
    'kernel without, owed (MiB)',
    'bound',
    'sockets',
    'lost, doubled, gaps',
    'resumed',
  ]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
