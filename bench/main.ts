// The project's bench: `npm run bench -- --help`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { contestants, versions, type Contestant } from './contestants.ts'
import { buildTools, lab, Missing, provide, type Need } from './lab.ts'
import { Invalid, measure } from './measure.ts'
import { machine, markdown } from './report.ts'
import { Results } from './results.ts'
import { works, type Work } from './works.ts'

const { values } = parseArgs({
  options: {
    works: { type: 'string' },
    peers: { type: 'string' },
    all: { type: 'boolean' },
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  },
})

const help = `npm run bench -- [options]

Measures Everwire beside a limit written in C and beside other servers, in turn, on this machine.

  --works A,B,C,b8   which works (default: ${works.map(({ name }) => name).join(',')})
  --peers own,limit  which servers, by name or beginning of it (default: own, serve and limit; --all: everyone)
  --all              every server: brings npm and Debian packages into ${lab}
  --rounds N         how often each is measured (default 3; --quick: 1)
  --quick            one round
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

function takesPart(work: Work, { name, transport, special }: Contestant): boolean {
  if (work.takes) return work.takes.includes(name)
  // A poll a message is another kind of fan-out.
  return !special && (transport !== 'poll' || work.kind !== 'fan-out')
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(help)
    return 0
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const worksDone = values.works ? chosen(works, values.works, (name, wanted) => name === wanted) : works
  const asked = values.all
    ? contestants
    : chosen(
        contestants,
        values.peers ?? 'own,serve,limit',
        (name, wanted) => name === wanted || name.startsWith(`${wanted}-`),
      )
  buildTools()
  const { entered, there, missing } = taking(asked)
  const results = new Results()
  const began = Date.now()
  for (const work of worksDone) await work.once?.()
  for (let round = 1; round <= rounds; round++) {
    for (const work of worksDone) {
      if (round > (work.rounds ?? rounds)) continue
      for (const contestant of entered.filter((one) => takesPart(work, one))) {
        process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}: ${work.name} ${contestant.name}`)
        try {
          results.add(work, contestant, round, await measure(contestant, work))
        } catch (error) {
          if (!(error instanceof Invalid)) throw error
          results.fail(work, contestant, round, error.message)
        }
      }
    }
  }
  process.stderr.write('\r\x1b[K')
  const about = [
    ...machine(),
    ...versions(there),
    ...missing,
    `${Math.round((Date.now() - began) / 1_000)} s`,
  ]
  const text = markdown(results, worksDone, about)
  const out = values.out ?? join(lab, 'out')
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'report.md'), text)
  writeFileSync(join(out, 'results.json'), JSON.stringify(results.all, null, 1))
  console.log(text)
  return results.failures.length === 0 ? 0 : 1
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 2
})
