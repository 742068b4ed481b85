// The project's bench: `npm run bench -- --help`.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { contestants, versions, type Contestant } from './contestants.ts'
import { buildTools, lab, Missing, provide, root, type Need } from './lab.ts'
import { document } from './docs.ts'
import { grown, growthMarkdown } from './growth.ts'
import { growthPlot } from './growth-plot.ts'
import { locked } from './lock.ts'
import { measure, stopAll } from './measure.ts'
import { plot } from './plot.ts'
import { busy, machine, markdown, openFiles, type About } from './report.ts'
import { Results } from './results.ts'
import { run, stepsOf } from './rounds.ts'
import { works, type Work } from './works.ts'

let endedBy: NodeJS.Signals | undefined

const { values } = parseArgs({
  options: {
    works: { type: 'string' },
    peers: { type: 'string' },
    all: { type: 'boolean' },
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    resume: { type: 'boolean' },
    out: { type: 'string' },
    docs: { type: 'boolean' },
    growth: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})

const help = `npm run bench -- [options]

Measures Everwire beside a limit written in C and beside other servers, in turn, on this machine.

  --works A,B,C,b8   which works (default: ${works.map(({ name }) => name).join(',')})
  --peers own,limit  which servers, by name or beginning of it (default: those that need no package)
  --all              every server: brings npm and Debian packages into ${lab}
  --rounds N         how often each is measured (default 3; --quick: 1)
  --quick            one round
  --resume           goes on with the run whose results.json is in DIR, from the same commit and machine
  --growth           instead: how the cost grows with subscribers, channels, bytes, rate, connections
  --docs             also puts the report into docs/performance.md
  --out DIR          where report.md, plot.svg and results.json go (default ${join(lab, 'out')})

Works:
${works.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}

Servers:
${contestants.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join('\n')}
`

/** Those that can take part here; what is missing is said once. */
function taking(part: readonly Contestant[]): {
  entered: readonly Contestant[]
  there: Set<Need>
  missing: string[]
} {
  const there = new Set<Need>()
  const missing: string[] = []
  for (const need of new Set(part.map(({ need }) => need))) {
    if (!need) continue
    try {
      provide(need)
      there.add(need)
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      const without = part.filter((one) => one.need === need).map(({ name }) => name)
      missing.push(`Left out: ${without.join(', ')}: ${error.message}`)
    }
  }
  return { entered: part.filter(({ need }) => !need || there.has(need)), there, missing }
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  text: string,
  fits: (name: string, wanted: string) => boolean,
): T[] {
  const wanted = text.split(',')
  for (const one of wanted) {
    if (!all.some(({ name }) => fits(name, one))) throw new Error(`there is no "${one}": see --help`)
  }
  return all.filter(({ name }) => wanted.some((one) => fits(name, one)))
}

async function growth(rounds: number): Promise<number> {
  const all = await grown(rounds, console.error)
  const text = growthMarkdown(all, [...machine(), ...versions(new Set())], rounds)
  const svg = growthPlot(all.curves)
  write({ 'growth.md': text, 'growth.svg': svg, 'growth.json': JSON.stringify(all, null, 1) })
  const drawing = { file: 'growth.svg', alt: 'CPU and memory as each grows', svg }
  if (values.docs)
    document(join(root, 'docs'), { mark: 'growth', title: 'How the cost grows', text, drawing })
  console.log(text)
  return all.failures.length === 0 ? 0 : 1
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(help)
    return 0
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const worksDone = values.works ? chosen(works, values.works, (name, wanted) => name === wanted) : works
  const named = (name: string, wanted: string) => name === wanted || name.startsWith(`${wanted}-`)
  const asked = values.peers
    ? chosen(contestants, values.peers, named)
    : contestants.filter((one) => values.all || !one.need)
  const unlock = await locked(console.error)
  try {
    buildTools()
    if (values.growth) return await growth(rounds)
    const { entered, there, missing } = taking(asked)
    const before = busy()
    const files = openFiles()
    const few = worksDone.filter(({ connections }) => connections + 200 > files).map(({ name }) => name)
    if (few.length > 0)
      missing.push(`Left out: ${few.join(', ')}: only ${files} open files are allowed (ulimit -Hn).`)
    const possible = worksDone.filter(({ name }) => !few.includes(name))
    const setting = { machine: machine(), versions: versions(there) }
    const results = values.resume
      ? Results.from(readFileSync(join(out, resultsFile), 'utf8'), setting)
      : new Results()
    const steps = stepsOf(rounds, possible, entered)
    await run(steps, results, {
      measure,
      save: () => write({ [resultsFile]: results.saved(setting) }),
      say: console.error,
      ended: () => endedBy !== undefined,
    })
    const cut = endedBy && `Ended by ${endedBy} after ${results.all.length} of ${steps.length} measurements.`
    report(results, possible, {
      ...setting,
      command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
      notes: [before, cut, ...missing].filter((note) => note !== undefined),
      seconds: results.seconds(),
    })
    return endedBy ? 130 : results.failures.length === 0 ? 0 : 1
  } finally {
    unlock()
  }
}

const out = values.out ?? join(lab, 'out')
const resultsFile = 'results.json'

/** Whole or not at all: what took an hour is not to be lost by what comes when it is written. */
function write(files: Readonly<Record<string, string>>): void {
  mkdirSync(out, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    const path = join(out, name)
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
}

function report(results: Results, worksDone: readonly Work[], about: About): void {
  const text = markdown(results, worksDone, contestants, about)
  const svg = plot(results, worksDone)
  write({ 'report.md': text, ...(svg && { 'plot.svg': svg }) })
  const drawing = svg && { file: 'bench.svg', alt: 'CPU per delivery beside a C server', svg }
  const below = text.replaceAll(/^## /gm, '### ').replace(/^# Bench\n\n/, '')
  if (values.docs)
    document(join(root, 'docs'), {
      mark: 'bench',
      title: 'Results',
      text: below,
      drawing: drawing || undefined,
    })
  console.log(text)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // They have sessions of their own, and would not hear of it.
    stopAll()
    // The rounds so far are reported; curves, or whoever asks twice, end at once.
    if (endedBy || values.growth) process.exit(130)
    endedBy = signal
  })
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 2
})
