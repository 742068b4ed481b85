// Where a server's time goes, of this commit and of another: `node bench/profile.ts --of COMMIT [--works A,storm,connect]
// [--rounds N] [--docs]`.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { contestants, versions, type Contestant } from './contestants.ts'
import { document } from './docs.ts'
import { buildTools, here, lab, root } from './lab.ts'
import { locked } from './lock.ts'
import { measure, stopAll } from './measure.ts'
import { parts, shares, type Profile } from './parts.ts'
import { machine, markdownTable, short } from './report.ts'
import { takesPart } from './rounds.ts'
import { works, type Work } from './works.ts'

const { values } = parseArgs({
  options: {
    works: { type: 'string', default: 'A,storm,connect' },
    of: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    docs: { type: 'boolean' },
  },
})

/** Of a work: what is counted in it, and the server that is looked at. */
interface Subject {
  readonly work: Work
  readonly contestant: Contestant
  readonly figure: 'cpuUs' | 'cpuUsPerConnect'
}

function subject(name: string): Subject {
  const work = works.find((one) => one.name === name)
  const contestant = contestants.find(
    (one) => work && takesPart(work, one) && /^(own|serve)-ws$/.test(one.name),
  )
  if (!work || !contestant) throw new Error(`${name} is no work of own-ws or serve-ws`)
  return { work, contestant, figure: work.kind === 'churn' ? 'cpuUsPerConnect' : 'cpuUs' }
}

/** Microseconds by part; the kernel says how many in all, and the profile how they are shared out. */
async function profiled(
  { work, contestant, figure }: Subject,
  tree: string,
): Promise<ReadonlyMap<string, number>> {
  const path = join(lab, 'server.cpuprofile')
  rmSync(path, { force: true })
  const hook = pathToFileURL(join(here, 'servers', 'profiled.ts')).href
  const watched: Contestant = {
    ...contestant,
    command: (...started) => contestant.command(...started).map((part) => part.replace(root, tree)),
    env: { ...contestant.env, NODE_OPTIONS: `--import=${hook}`, PROFILE: path },
  }
  const result = await measure(watched, { ...work, window: 3, load: [...(work.load ?? []), '--profile'] })
  const profile: Profile = JSON.parse(readFileSync(path, 'utf8'))
  return new Map([...shares(profile)].map(([part, share]) => [part, share * (result[figure] ?? Number.NaN)]))
}

/** Another commit beside this one, with the same packages; gone when it has been used. */
async function withTree<T>(
  commit: string | undefined,
  use: (tree: string | undefined) => Promise<T>,
): Promise<T> {
  if (commit === undefined) return use(undefined)
  const tree = join(lab, `tree-${process.pid}`)
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  git('worktree', 'add', '--detach', tree, commit)
  try {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    return await use(tree)
  } finally {
    git('worktree', 'remove', '--force', tree)
  }
}

type Means = ReadonlyMap<string, number>

function means(rounds: readonly Means[]): Means {
  const mean = (part: string) =>
    rounds.reduce((sum, round) => sum + (round.get(part) ?? 0), 0) / rounds.length
  return new Map(parts.map((part) => [part, mean(part)]))
}

interface Column {
  readonly head: string
  readonly means: Means
}

/** In turn, so that a machine that drifts changes both alike. */
async function columns(
  subjects: readonly Subject[],
  trees: readonly (readonly [string, string])[],
): Promise<readonly Column[]> {
  const rounds = Number(values.rounds)
  const found = new Map<string, Means[]>()
  const headOf = ({ work: { name } }: Subject, when: string) => `${name}, ${when}`
  for (let round = 1; round <= rounds; round++) {
    for (const one of subjects) {
      for (const [when, tree] of trees) {
        const head = headOf(one, when)
        console.error(`${round}/${rounds} ${head}`)
        found.set(head, [...(found.get(head) ?? []), await profiled(one, tree)])
      }
    }
  }
  return [...found].map(([head, each]) => ({ head, means: means(each) }))
}

function report(subjects: readonly Subject[], all: readonly Column[], of: string | undefined): string {
  const total = ({ means }: Column) => [...means.values()].reduce((sum, value) => sum + value, 0)
  const shown = parts.filter((part) => all.some(({ means }) => (means.get(part) ?? 0) > 0))
  const rows = [
    ...shown.map((part) => [part, ...all.map(({ means }) => short(means.get(part) ?? 0))]),
    ['**in all**', ...all.map((column) => `**${short(total(column))}**`)],
  ]
  const counted = subjects.map(
    ({ work: { name, title }, contestant, figure }) =>
      `${name}: by ${figure === 'cpuUs' ? 'delivery' : 'connect'} of ${contestant.name}: ${title}`,
  )
  return [
    `    node bench/profile.ts --works ${values.works}${of ? ` --of ${of}` : ''} --rounds ${values.rounds}\n`,
    `${machine().slice(0, 3).join(' · ')} · ${versions(new Set()).join(' · ')}${of ? `; before: ${of}` : ''}\n`,
    `Microseconds of CPU; means of ${values.rounds} rounds in turn, with the same generator:\n`,
    ...counted.map((text) => `- ${text}`),
    '\nThe kernel says how much it is in all, with every thread; samples of the main thread, four in a millisecond, how that is',
    'shared out. Idle time is left out. Being watched costs something itself, so the sums are above those of the results.\n',
    `${markdownTable(['part', ...all.map(({ head }) => head)], rows)}\n`,
  ].join('\n')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // What is measured ends, which fails, and so the other tree is removed.
  process.on(signal, stopAll)
}

const unlock = await locked(console.error)
try {
  buildTools()
  const subjects = values.works.split(',').map(subject)
  const text = await withTree(values.of, async (tree) =>
    report(
      subjects,
      await columns(subjects, [...(tree ? [['before', tree] as const] : []), ['now', root]]),
      values.of,
    ),
  )
  const title = values.of ? 'Where the time goes, before and after' : 'Where the time goes'
  if (values.docs) document(join(root, 'docs'), { mark: 'profile', title, text, drawing: undefined })
  console.log(text)
} finally {
  unlock()
}
