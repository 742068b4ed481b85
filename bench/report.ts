// The report: what was measured on what machine, a table for each work, and the targets.
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import type { Contestant } from './contestants.ts'
import type { Results, Spread } from './results.ts'
import type { Figure, Target, Work } from './works.ts'

/** What a figure is called, and by what it is multiplied to be in that unit. */
const figures: Readonly<Record<Figure, readonly [label: string, scale: number]>> = {
  cpuUs: ['CPU µs/delivery', 1],
  p50Us: ['p50 ms', 0.001],
  p99Us: ['p99 ms', 0.001],
  serverCores: ['cores', 1],
  bytesPerDelivery: ['bytes/delivery', 1],
  bytesPerConnection: ['bytes/connection', 1],
  cpuUsPerConnect: ['CPU µs/connect', 1],
  connectsPerSecond: ['connects/s', 1],
  lateSeconds: ['seconds until all have caught up', 1],
  loopMaxMs: ['longest block of the event loop, ms', 1],
  perSecond: ['per second', 1],
  ackFsyncs: ['p50 of an acknowledgement, fsyncs', 1],
}

const label = (figure: Figure) => figures[figure][0]
const scale = (figure: Figure) => figures[figure][1]

export function short(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function shown(spread: Spread | undefined, by = 1): string {
  if (!spread) return '-'
  const { median, low, high } = spread
  return low === high ? short(median * by) : `${short(median * by)} [${short(low * by)}-${short(high * by)}]`
}

const kernel = (path: string) => readFileSync(`/proc/sys/net/${path}`, 'utf8').trim().split(/\s+/).join(' ')

/** How many files a process may have open here: one for each connection. */
export function openFiles(): number {
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Infinity : Number(hard)
}

/** What everything runs on. */
export function machine(): readonly string[] {
  const [cpu] = cpus()
  return [
    `${cpus().length} x ${cpu?.model.trim() ?? 'unknown CPU'}`,
    `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    `Linux ${release()}`,
    `open files ${openFiles()}, somaxconn ${kernel('core/somaxconn')}, tcp_wmem ${kernel('ipv4/tcp_wmem')}, tcp_rmem ${kernel('ipv4/tcp_rmem')}`,
  ]
}

/** How busy the machine is before the first measurement. */
export function busy(): string | undefined {
  const [load = 0] = loadavg()
  return load < 0.5
    ? undefined
    : `The machine was busy before the first measurement: load ${load.toFixed(1)}.`
}

function taking(results: Results, works: readonly Work[], all: readonly Contestant[]): string {
  const names = new Set(works.flatMap((work) => results.contestants(work)))
  const rows = all
    .filter(({ name }) => names.has(name))
    .map(({ name, what, configured = '' }) => [name, what, configured])
  return markdownTable(['server', 'what', 'as configured'], rows)
}

const wireOf = (contestant: string) => (/-(sse|h2|poll)$/.test(contestant) ? 'sse' : 'ws')
/** The limit that a contestant is compared with, and what Node itself costs. */
export const limitOf = (contestant: string) => `limit-${wireOf(contestant)}`
export const floorOf = (contestant: string) => `node-${wireOf(contestant)}`
const bases = [
  ['x limit', 'limit-', limitOf],
  ['x node', 'node-', floorOf],
] as const

function table(results: Results, work: Work): string {
  const [first] = work.figures
  if (!first) throw new Error(`${work.name} has no figures`)
  const beside = bases.filter(([, kind]) => results.contestants(work).some((name) => name.startsWith(kind)))
  const head = ['server', ...work.figures.map(label), ...beside.map(([title]) => title)]
  const names = [...results.contestants(work)].sort(
    (a, b) => (results.spread(work, a, first)?.median ?? 0) - (results.spread(work, b, first)?.median ?? 0),
  )
  const rows = names.map((name) => [
    name.startsWith('own-') || name.startsWith('serve-') ? `**${name}**` : name,
    ...work.figures.map((figure) => shown(results.spread(work, name, figure), scale(figure))),
    ...beside.map(([, , baseOf]) => shown(results.ratio(work, name, baseOf(name), first))),
  ])
  return markdownTable(head, rows)
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function asked({ figure, of, ofWork, atMost, atLeast }: Target): string {
  const bound =
    atMost === undefined
      ? `>= ${short((atLeast ?? 0) * (of ? 1 : scale(figure)))}`
      : `<= ${short(atMost * (of ? 1 : scale(figure)))}`
  return `${label(figure)} ${bound}${of ? ` x ${of}${ofWork ? ` of ${ofWork}` : ''}` : ''}`
}

/** Rounds from which on the interval is trusted. */
const enough = 7

/** From the lowest of so many values to the highest: how often that holds the median that endless rounds would have. */
const coverage = (rounds: number) => 1 - 2 ** (1 - rounds)

export type Verdict = 'yes' | 'within the interval' | 'no'

export function verdict(
  { atMost = Infinity, atLeast = -Infinity }: Target,
  { median, low, high }: Spread,
): Verdict {
  if (median <= atMost && median >= atLeast) return 'yes'
  return low <= atMost && high >= atLeast ? 'within the interval' : 'no'
}

function meaning(rounds: number): string {
  const sure =
    rounds > 1
      ? `Over ${rounds} rounds that interval holds the true median in ${(coverage(rounds) * 100).toFixed(1)} % of runs.`
      : 'One round has no interval.'
  const hint = `**A verdict takes ${enough} rounds, and some rows have ${rounds}: what stands here is a hint.**\n\n`
  return [
    `${rounds < enough ? hint : ''}\`yes\`: the median of the rounds keeps the target. \`within the interval\`: the median misses it, but the interval from`,
    'the lowest round to the highest reaches it, which counts as no miss. `no`: every round misses it.',
    sure,
    '"x limit" and "x node" are no targets: they show the same figure divided by that of a C server, and by that of bare',
    'Node, which only write ready bytes.\n',
  ].join('\n')
}

function targets(results: Results, works: readonly Work[]): string {
  const judged = works.flatMap((work) =>
    work.targets.flatMap((target) =>
      target.ours.flatMap((name) => {
        const is = results.judged(work, name, target)
        return is ? [{ work, target, name, is }] : []
      }),
    ),
  )
  if (judged.length === 0) return ''
  const rows = judged.map(({ work, target, name, is }) => {
    const met = verdict(target, is)
    const beside = bases.map(([, , baseOf]) => {
      const ratio = results.ratio(work, name, baseOf(name), target.figure)
      return ratio ? short(ratio.median) : '-'
    })
    const value = shown(is, target.of ? 1 : scale(target.figure))
    return [work.name, name, asked(target), value, met === 'no' ? '**no**' : met, ...beside]
  })
  const head = ['work', 'server', 'target', 'is', 'met', ...bases.map(([title]) => title)]
  const rounds = Math.min(...judged.map(({ is }) => is.count))
  return `## Targets\n\n${meaning(rounds)}\n${markdownTable(head, rows)}\n`
}

function warnings(results: Results, works: readonly Work[]): readonly string[] {
  return works.flatMap((work) =>
    results.contestants(work).flatMap((name) => {
      const busy = results.spread(work, name, 'loadBusy')
      const cores = results.spread(work, name, 'serverCores')
      if (!busy || !cores || busy.median < 0.97 || cores.median > 0.9) return []
      return [
        `- ${work.name} ${name}: the generator was the bottleneck (busy ${short(busy.median)}, server ${short(cores.median)} of a core): latency and rate are not the server's.`,
      ]
    }),
  )
}

export interface About {
  readonly command: string
  readonly machine: readonly string[]
  readonly versions: readonly string[]
  /** What stands in the way of the figures, or was left out. */
  readonly notes: readonly string[]
  readonly seconds: number
}

export function markdown(
  results: Results,
  works: readonly Work[],
  contestants: readonly Contestant[],
  about: About,
): string {
  const failed = results.failures.map(
    ({ work, contestant, round, reason }) =>
      `- ${work} ${contestant}, round ${round}: ${reason.replaceAll('\n', ' ')}`,
  )
  const noted = [...about.notes.map((note) => `- ${note}`), ...warnings(results, works)]
  return [
    '# Bench\n',
    `    ${about.command}\n`,
    `${about.machine.join(' · ')}\n`,
    `${about.versions.join(' · ')}\n`,
    `Medians over the rounds, and in brackets the lowest and the highest; ${about.seconds} s in all. "x limit" is the ratio to the`,
    'C limit of the same round, "x node" to bare Node. Servers that are in no target of a work have at most 3 rounds.',
    'Lost, doubled and dropped are 0 wherever a figure stands.\n',
    targets(results, works),
    ...(noted.length > 0 ? ['## Warnings\n', ...noted, ''] : []),
    ...(failed.length > 0 ? ['## Failed, and so without a figure\n', ...failed, ''] : []),
    ...works
      .filter((work) => results.contestants(work).length > 0)
      .flatMap((work) => [`## ${work.name}: ${work.title}\n`, `${table(results, work)}\n`]),
    '## Who took part\n',
    `${taking(results, works, contestants)}\n`,
  ].join('\n')
}
