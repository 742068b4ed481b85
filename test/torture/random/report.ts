import type { Options } from './options.ts'
import { percentile, type Tally } from './tally.ts'
import { violations, type Verdict } from './verdict.ts'

interface Away {
  readonly times: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Report {
  readonly store: string
  readonly seed: number
  readonly seconds: number
  readonly published: number
  readonly acknowledged: number
  /** Published, and never answered. */
  readonly unknown: number
  /** Wrong publishes that were refused. */
  readonly refused: number
  readonly deliveries: number
  readonly signals: number
  readonly connections: number
  readonly reconnects: Readonly<Record<string, number>>
  readonly resumed: number
  readonly notResumed: number
  readonly gaps: Readonly<Record<string, number>>
  /** Milliseconds without a connection. */
  readonly away: { readonly wire: Away; readonly application: Away }
  readonly healedMs: number
  readonly peakMemory: number
  readonly faults: Readonly<Record<string, number>>
  readonly leftOut: Readonly<Record<string, string>>
  readonly violations: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly total: number
  readonly examples: readonly string[]
}

export function reportOf(of: {
  readonly options: Options
  readonly tally: Tally
  readonly verdict: Verdict
  readonly leftOut: ReadonlyMap<string, string>
  readonly torturedSeconds: number
  readonly healedMs: number
  readonly connections: number
}): Report {
  const { options, tally, verdict } = of
  return {
    store: options.store,
    seed: options.seed,
    seconds: Math.round(of.torturedSeconds),
    published: tally.published,
    acknowledged: tally.acknowledged,
    unknown: tally.published - tally.acknowledged,
    refused: tally.refused,
    deliveries: tally.deliveries,
    signals: tally.signals,
    connections: of.connections,
    reconnects: Object.fromEntries(tally.reconnects),
    resumed: tally.resumed,
    notResumed: tally.notResumed,
    gaps: Object.fromEntries(tally.gaps),
    away: { wire: awayOf(tally.away.wire), application: awayOf(tally.away.application) },
    healedMs: Math.round(of.healedMs),
    peakMemory: tally.peakMemory,
    faults: Object.fromEntries(tally.faults),
    leftOut: Object.fromEntries(of.leftOut),
    violations: Object.fromEntries(
      violations.map((name) => [name, Object.fromEntries(verdict.counts.get(name) ?? [])]),
    ),
    total: verdict.total,
    examples: verdict.examples,
  }
}

function awayOf(times: readonly number[]): Away {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(percentile(sorted, share))
  return { times: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** As it is printed. */
export function textOf(report: Report): string {
  const number = (n: number) => n.toLocaleString('en-US')
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, n]) => `${name} ${number(n)}`)
      .join(', ') || 'none'
  const away = ({ times, p50, p99, max }: Away) =>
    `p50 ${number(p50)} ms, p99 ${number(p99)} ms, longest ${number(max)} ms (${number(times)} times)`
  const memory =
    report.peakMemory > 0 ? `${number(Math.round(report.peakMemory / 1024 ** 2))} MiB` : 'unknown here'
  const rows: [string, string][] = [
    ['store, seed', `${report.store}, ${report.seed}`],
    ['tortured', `${number(report.seconds)} s, healed after ${number(report.healedMs)} ms`],
    [
      'published',
      `${number(report.published)}: acknowledged ${number(report.acknowledged)}, unknown ${number(report.unknown)}`,
    ],
    ['wrong publishes', `refused ${number(report.refused)}`],
    ['deliveries', `${number(report.deliveries)}, and ${number(report.signals)} signals`],
    ['connections', `${number(report.connections)}; reconnects: ${list(report.reconnects)}`],
    ['resumes', `granted ${number(report.resumed)}, refused ${number(report.notResumed)}`],
    ['gaps told', list(report.gaps)],
    ['bare clients away', away(report.away.wire)],
    ['SDKs away', away(report.away.application)],
    ['memory of the server', `peak ${memory}`],
    ['faults', list(report.faults)],
    ...Object.entries(report.leftOut).map(([name, why]): [string, string] => ['left out', `${name}: ${why}`]),
  ]
  const counts = Object.entries(report.violations).map(([name, places]) => {
    const total = Object.values(places).reduce((sum, n) => sum + n, 0)
    const where = total > 0 ? ` (${list(places)})` : ''
    return `  ${name.padEnd(28)}${number(total)}${where}`
  })
  return [
    ...rows.map(([name, value]) => `${name.padEnd(22)}${wrapped(value, 22)}`),
    `violations            ${number(report.total)}`,
    ...counts,
    ...report.examples.map((each) => `violated: ${each}`),
    '',
  ].join('\n')
}

function wrapped(text: string, indent: number): string {
  let line = ''
  const lines: string[] = []
  for (const word of text.split(' ')) {
    if (line.length + word.length > 96 - indent) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
