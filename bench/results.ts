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

/** What a run can be gone on with: the same code, on the same machine. */
export interface Setting {
  readonly machine: readonly string[]
  readonly versions: readonly string[]
}

/** A median, and the interval in which all values lie. */
export interface Spread {
  readonly count: number
  readonly median: number
  readonly low: number
  readonly high: number
}

export class Results {
  readonly all: Measured[] = []
  readonly failures: Failure[] = []

  /** What an earlier run has saved, without what failed. Throws when that was another machine or other code. */
  static from(text: string, setting: Setting): Results {
    const saved: Setting & { readonly measured: readonly Measured[] } = JSON.parse(text)
    for (const part of ['machine', 'versions'] as const) {
      const [then, now] = [saved[part].join(', '), setting[part].join(', ')]
      if (then !== now) throw new Error(`that run cannot be gone on with: it was on ${then}, this is ${now}`)
    }
    const results = new Results()
    results.all.push(...saved.measured)
    return results
  }

  saved(setting: Setting): string {
    return JSON.stringify({ ...setting, measured: this.all, failures: this.failures }, null, 1)
  }

  has(work: Work, { name }: Contestant, round: number): boolean {
    return this.#of(work.name).some((one) => one.contestant === name && one.round === round)
  }

  add(work: Work, contestant: Contestant, round: number, result: Result): void {
    this.all.push({ work: work.name, contestant: contestant.name, round, result })
  }

  fail(work: Work, contestant: Contestant, round: number, reason: string): void {
    this.failures.push({ work: work.name, contestant: contestant.name, round, reason })
  }

  /** How long all of it took, in one go or in several. */
  seconds(): number {
    return Math.round(this.all.reduce((sum, { result }) => sum + (result['tookMs'] ?? 0), 0) / 1_000)
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
  return { count: sorted.length, median: (lower + upper) / 2, low, high }
}
