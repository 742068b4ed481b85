// The order of measurements, what is left of it, and how long that takes.
import type { Contestant } from './contestants.ts'
import type { Result } from './measure.ts'
import type { Results } from './results.ts'
import { limitOf, floorOf } from './report.ts'
import type { Work } from './works.ts'

export interface Step {
  readonly work: Work
  readonly contestant: Contestant
  readonly round: number
}

/** So many rounds are enough for those of whom no target of a work speaks. */
const shownRounds = 3

export function takesPart(work: Work, { name, transport, special }: Contestant): boolean {
  if (work.takes) return work.takes.includes(name)
  // A poll a message is another kind of fan-out.
  return !special && (transport !== 'poll' || work.kind !== 'fan-out')
}

/** Who is in a target, of this work or of another that is judged by it, and what those are shown beside. */
function judged(work: Work, all: readonly Work[], { name }: Contestant): boolean {
  const here = work.targets.flatMap(({ ours, of, ofWork }) => [
    ...ours.flatMap((one) => [one, limitOf(one), floorOf(one)]),
    ...(of !== undefined && ofWork === undefined ? [of] : []),
  ])
  const elsewhere = all.flatMap(({ targets }) =>
    targets.flatMap((one) => (one.ofWork === work.name ? [one.of] : [])),
  )
  return [...here, ...elsewhere].includes(name)
}

/** Everybody in turn, again and again: what disturbs the machine for a while disturbs all. */
export function stepsOf(
  rounds: number,
  works: readonly Work[],
  entered: readonly Contestant[],
): readonly Step[] {
  return Array.from({ length: rounds }, (_, i) => i + 1).flatMap((round) =>
    works.flatMap((work) =>
      entered
        .filter((one) => takesPart(work, one) && (round <= shownRounds || judged(work, works, one)))
        .map((contestant) => ({ work, contestant, round })),
    ),
  )
}

/** Seconds that steps take: as long as they took so far or, before that, about as long as their windows and connects. */
export function secondsOf(steps: readonly Step[], results: Results): number {
  return steps.reduce((sum, { work, contestant }) => {
    const { kind, window, settle, connections } = work
    const guess =
      kind === 'script' ? 5 : window + settle + (kind === 'late' ? 3.5 : 1.2) + connections / 6_000
    const took = results.spread(work, contestant.name, 'tookMs')?.median
    return sum + (took === undefined ? guess : took / 1_000)
  }, 0)
}

export interface Running {
  readonly measure: (contestant: Contestant, work: Work) => Promise<Result>
  /** After each measurement. */
  readonly save: (results: Results) => void
  readonly say: (text: string) => void
  /** Looked at between measurements, and after one that failed. */
  readonly ended: () => boolean
}

/** Does what `results` has not yet. */
export async function run(steps: readonly Step[], results: Results, running: Running): Promise<void> {
  const todo = steps.filter(({ work, contestant, round }) => !results.has(work, contestant, round))
  const [first] = todo
  if (!first) return
  const { say, ended } = running
  say(`${todo.length} of ${steps.length} measurements, ${clock(secondsOf(todo, results))}`)
  for (const work of new Set(todo.map(({ work }) => work))) if (!ended()) await work.once?.()
  for (const [i, { work, contestant, round }] of todo.entries()) {
    if (ended()) return
    const said = await one({ work, contestant, round }, results, running)
    if (said === undefined) return
    const left = clock(secondsOf(todo.slice(i + 1), results))
    say(`${round}/${steps.at(-1)?.round} ${work.name} ${contestant.name} ${said} (${left} left)`)
  }
}

/** What came of it; undefined when it was broken off. */
async function one({ work, contestant, round }: Step, results: Results, { measure, save, ended }: Running) {
  try {
    const result = await measure(contestant, work)
    results.add(work, contestant, round, result)
    save(results)
    return work.figures.map((figure) => `${figure} ${result[figure]}`).join(', ')
  } catch (error) {
    if (ended()) return undefined
    const reason = error instanceof Error ? error.message : String(error)
    results.fail(work, contestant, round, reason)
    save(results)
    return `failed: ${reason}`
  }
}

function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
