// What was measured, by work, contestant and round.
import type { Contestant } from './contestants.ts'
import type { Result } from './measure.ts'
import type { Figure, Target, Work } from './works.ts'

export interface Measured {
  readonly work: string
  readonly contestant: string
  readonly round: number
  readonly result: Result
}

export interface Failure {
  readonly work: string
  readonly contestant: string
  readonly round: number
  readonly reason: string
}

/** A median, and the interval in which all values lie. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

export class Results {
  readonly all: Measured[] = []
  readonly failures: Failure[] = []

  add(work: Work, contestant: Contestant, round: number, result: Result): void {
    this.all.push({ work: work.name, contestant: contestant.name, round, result })
  }

  fail(work: Work, contestant: Contestant, round: number, reason: string): void {
    this.failures.push({ work: work.name, contestant: contestant.name, round, reason })
  }

  /** Who has been measured in a work. */
  contestants(work: Work): readonly string[] {
    return [...new Set(this.#of(work.name).map(({ contestant }) => contestant))]
  }

  /** A figure as it is. */
  spread(work: Work, contestant: string, figure: string): Spread | undefined {
    return spreadOf(this.#values(work.name, contestant, figure).map(([, value]) => value))
  }

  /** A figure divided by another contestant's of the same round: a machine that drifts disturbs that less. */
  ratio(
    work: Work,
    contestant: string,
    base: string,
    figure: Figure,
    baseWork = work.name,
  ): Spread | undefined {
    const bases = new Map(this.#values(baseWork, base, figure))
    return spreadOf(
      this.#values(work.name, contestant, figure).flatMap(([round, value]) => {
        const other = bases.get(round)
        return other ? [value / other] : []
      }),
    )
  }

  /** What a target asks about, for one of ours; undefined when it was not measured. */
  judged(work: Work, contestant: string, { figure, of, ofWork }: Target): Spread | undefined {
    if (of === undefined) return this.spread(work, contestant, figure)
    return this.ratio(work, contestant, of, figure, ofWork)
  }

  #of(work: string): readonly Measured[] {
    return this.all.filter((one) => one.work === work)
  }

  #values(work: string, contestant: string, figure: string): readonly (readonly [number, number])[] {
    return this.#of(work).flatMap((one) => {
      const value = one.contestant === contestant ? one.result[figure] : undefined
      return value === undefined ? [] : [[one.round, value] as const]
    })
  }
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const low = sorted[0]
  const high = sorted.at(-1)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  if (low === undefined || high === undefined || upper === undefined || lower === undefined) return undefined
  return { median: (lower + upper) / 2, low, high }
}
