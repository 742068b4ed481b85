import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Entry, Log, NewEntry, Page, ReadLimit, Rule, SpineAppend, SpineStep } from '../../log/log.ts'

/** What the contract wants of a log that it opens. */
export interface LogOptions {
  readonly rules: (channel: string) => Rule
  readonly dedupeMs: number
  readonly now: () => number
}

export interface OpenedLog {
  readonly log: Log
  /** Closes the log and opens it again; absent where a log ends with its process. */
  readonly reopen?: () => Promise<Log>
}

/** Opens a new, empty log. */
export type OpenLog = (options: LogOptions) => Promise<OpenedLog>

export interface TestApi {
  readonly describe: (name: string, define: () => void) => unknown
  readonly test: (name: string, run: () => Promise<void>) => unknown
}

/** A sentence of the contract and its proof. */
export type Clause = readonly [name: string, prove: (scene: Scene) => Promise<void>]

export const dedupeMs = 10_000
export const ageMs = 1_000
export const tombstoneMs = 2_000
export const everything: ReadLimit = { entries: 10_000, bytes: 10_000_000 }

const keepAll: Rule = { keep: 'all', ageMs: 1e9, count: 1e6, bytes: 1e9, tombstoneMs: 1e9 }
const keepLatest: Rule = { ...keepAll, keep: 'latest', tombstoneMs }
const rules: Record<string, Rule> = {
  few: { ...keepAll, count: 3 },
  small: { ...keepAll, bytes: 10 },
  short: { ...keepAll, ageMs },
  latest: keepLatest,
  'latest-few': { ...keepLatest, count: 2 },
  'latest-small': { ...keepLatest, bytes: 10 },
  'latest-short': { ...keepLatest, ageMs },
}

/** A log under test with a clock of its own. The first part of a channel's name says its rule. */
export class Scene {
  log: Log
  readonly #reopen: (() => Promise<Log>) | undefined
  readonly #clock: { now: number }

  private constructor(opened: OpenedLog, clock: { now: number }) {
    this.log = opened.log
    this.#reopen = opened.reopen
    this.#clock = clock
  }

  static async open(open: OpenLog): Promise<Scene> {
    const clock = { now: 1_700_000_000_000 }
    const rule = (channel: string) => rules[channel.split('/')[0] ?? ''] ?? keepAll
    return new Scene(await open({ rules: rule, dedupeMs, now: () => clock.now }), clock)
  }

  get now(): number {
    return this.#clock.now
  }

  pass(ms: number): void {
    this.#clock.now += ms
  }

  get canReopen(): boolean {
    return this.#reopen !== undefined
  }

  async reopen(): Promise<void> {
    if (this.#reopen) this.log = await this.#reopen()
  }

  /** Appends one entry each, in order, and returns their sequences. */
  async say(channel: string, ...texts: string[]): Promise<readonly number[]> {
    const appended = await Promise.all(texts.map(async (text) => this.log.append([entry(channel, text)])))
    return appended.flat().map(({ seq }) => seq)
  }

  async set(channel: string, slot: string, data: string | undefined): Promise<number> {
    const given = data === undefined ? { data: 'null', removed: true } : { data }
    const [appended] = await this.log.append([{ channel, event: 'set', slot, ...given }])
    return appended?.seq ?? 0
  }

  read(channels: readonly string[], after = 0, limit: Partial<ReadLimit> = {}): Promise<Page> {
    return this.log.read(
      channels.map((channel) => ({ channel, after })),
      { ...everything, ...limit },
    )
  }

  async texts(channel: string, after = 0): Promise<readonly unknown[]> {
    return (await this.read([channel], after)).entries.map(({ data }) => data)
  }
}

export function entry(channel: string, data: string, key?: string, principal = 'me'): NewEntry {
  return { channel, event: 'said', data, ...(key === undefined ? {} : { key: { principal, key } }) }
}

export function seqs(entries: readonly { readonly seq: number }[]): readonly number[] {
  return entries.map(({ seq }) => seq)
}

export async function refused(answer: unknown, code: string): Promise<void> {
  await assert.rejects(Promise.resolve(answer), { name: 'EverwireError', code })
}

/** Collects what a watch yields, and lets a test wait until it has come far enough. */
export class Watching {
  readonly steps: SpineStep[] = []
  readonly lost: Error[] = []
  readonly stop: () => void
  through: number
  readonly #waiting = new Map<() => void, number>()

  constructor(log: Log, after: number) {
    this.through = after
    this.stop = log.watch(after, {
      step: (step) => this.#step(step),
      lost: (error) => this.lost.push(error),
    })
  }

  get appends(): readonly SpineAppend[] {
    return this.steps.flatMap(({ appends }) => appends)
  }

  reached(through: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.through >= through) resolve()
      else this.#waiting.set(resolve, through)
    })
  }

  #step(step: SpineStep): void {
    this.steps.push(step)
    this.through = step.through
    for (const [resolve, through] of this.#waiting) {
      if (through > step.through) continue
      this.#waiting.delete(resolve)
      resolve()
    }
  }
}

/** The steps follow each other without a hole, and what they hold is in order and within them. */
export function assertWhole(steps: readonly SpineStep[], after: number): void {
  let at = after
  for (const step of steps) {
    assert.equal(step.after, at, 'a step begins where the one before it ended')
    assert.ok(step.through > at, 'a step moves forward')
    let before = at
    for (const { seq } of step.appends) {
      assert.ok(seq >= before && seq > at && seq <= step.through, 'appends are in order, within their step')
      before = seq
    }
    at = step.through
  }
}

export function sameEntries(a: readonly (Entry | undefined)[], b: readonly Entry[]): boolean {
  return isDeepStrictEqual(
    a.map((each) => each && { ...each }),
    b.map((each) => ({ ...each })),
  )
}
