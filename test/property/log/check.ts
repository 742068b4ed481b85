import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Log } from '../../../src/log/log.ts'
import type { OpenLog } from '../../../src/testing/log-contract.ts'
import { assertWhole, Watching } from '../../../src/testing/log-contract/scene.ts'
import { ModelLog, type Kept } from './model.ts'
import { dedupeMs, ruleOf, story, type Command } from './story.ts'

export interface Effort {
  readonly runs: number
  readonly seed?: number | undefined
  /** Whether a failing story is made as short as possible (default), which takes a while. */
  readonly shrink?: boolean
}

// Far more than any watch takes: only one that never comes to the head waits so long.
const patienceMs = 5_000

/** Tells random stories to a log and to the model; throws with the seed and the shortest story on which they differ. */
export async function checkLog(open: OpenLog, { runs, seed, shrink = true }: Effort): Promise<void> {
  const property = fc.asyncProperty(story, async (commands) => {
    const trial = await Trial.begin(open)
    try {
      for (const command of commands) await trial.perform(command)
      await trial.settle()
    } finally {
      await trial.log.close()
    }
  })
  await fc.assert(property, {
    numRuns: runs,
    endOnFailure: !shrink,
    ...(seed === undefined ? {} : { seed }),
  })
}

class Trial {
  log: Log
  readonly #reopen: (() => Promise<Log>) | undefined
  readonly #clock: { now: number }
  readonly #model = new ModelLog(ruleOf, dedupeMs)
  #watches: { readonly watching: Watching; readonly after: number }[] = []

  private constructor(log: Log, reopen: (() => Promise<Log>) | undefined, clock: { now: number }) {
    this.log = log
    this.#reopen = reopen
    this.#clock = clock
  }

  static async begin(open: OpenLog): Promise<Trial> {
    const clock = { now: 1_700_000_000_000 }
    const { log, reopen } = await open({ rules: ruleOf, dedupeMs, now: () => clock.now })
    return new Trial(log, reopen, clock)
  }

  async perform(command: Command): Promise<void> {
    switch (command.do) {
      case 'append':
        return this.#append(command)
      case 'read':
        return this.#read(command)
      case 'history':
        return this.#history(command)
      case 'watch': {
        const after = this.#place(command.after)
        this.#watches.push({ watching: new Watching(this.log, after), after })
        return
      }
      case 'wait':
        this.#clock.now += command.ms
        return
      case 'sweep':
        await this.log.sweep()
        this.#model.sweep(this.#clock.now)
        return
      case 'reopen':
        return this.#openAnew()
    }
  }

  /** Every watch comes to the head, and has seen what there was to see. */
  async settle(): Promise<void> {
    for (const { watching, after } of this.#watches) {
      await soon(watching.reached(this.#model.head), 'a watch never came to the head')
      watching.stop()
      assertWhole(watching.steps, after)
      this.#judge(watching, after)
    }
    this.#watches = []
  }

  async #append({ batches }: Extract<Command, { do: 'append' }>): Promise<void> {
    const expected = batches.map((batch) => this.#model.append(batch, this.#clock.now))
    const answers = await Promise.all(
      batches.map((batch) =>
        Promise.resolve(this.log.append(batch)).catch(
          (error: { readonly code?: unknown }) => error.code ?? error,
        ),
      ),
    )
    assert.deepEqual(answers, expected)
    assert.equal(await this.log.head(), this.#model.head)
  }

  async #read(command: Extract<Command, { do: 'read' }>): Promise<void> {
    const cursors = command.cursors.map(({ channel, after }) => ({ channel, after: this.#place(after) }))
    const page = await this.log.read(cursors, command.limit)
    const { entries, next, trimmed } = this.#model.read(cursors, command.limit)
    assert.deepEqual(page.entries.map(plain), entries.map(plain))
    assert.deepEqual(page.trimmed, trimmed)
    if (!next) assert.equal(page.through, this.#model.head)
    else assert.ok(page.through >= (entries.at(-1)?.seq ?? 0) && page.through < next.seq, 'through is proved')
  }

  async #history({ query }: Extract<Command, { do: 'history' }>): Promise<void> {
    const after = this.#place(query.after ?? 0)
    const before = this.#place(query.before ?? 0)
    const found = await this.log.history({ ...query, after, before })
    const kept = this.#model.kept(query.channel).filter(({ seq }) => seq > after && seq < before)
    const ordered = query.order === 'forward' ? kept : kept.toReversed()
    assert.deepEqual(found.map(plain), ordered.slice(0, query.limit).map(plain))
  }

  async #openAnew(): Promise<void> {
    if (!this.#reopen) return
    await this.settle()
    const { name } = this.log.lineage.current
    this.log = await this.#reopen()
    const { lineage } = this.log
    assert.equal(await this.log.head(), this.#model.head)
    assert.equal(lineage.current.first, this.#model.head + 1)
    assert.equal(lineage.judge(this.#model.head, name, this.#model.head), undefined)
  }

  #judge(watching: Watching, after: number): void {
    const seen = new Map<number, Kept | undefined>()
    for (const { seq, entry } of watching.appends) {
      if (!entry) continue
      assert.ok(!seen.has(seq), `${seq} was yielded twice`)
      const record = this.#model.records[seq - 1]
      assert.deepEqual(plain(entry), record && plain(record))
      seen.set(seq, record)
    }
    for (const record of this.#model.records.slice(after)) {
      if (seen.has(record.seq) || record.state === 'superseded') continue
      assert.equal(record.state, 'trimmed', `${record.seq} was not yielded`)
      const step = watching.steps.find(({ through }) => through >= record.seq)
      const named = step?.appends.some(
        ({ channel, seq, entry }) => !entry && channel === record.channel && seq >= record.seq,
      )
      assert.ok(named, `the channel of ${record.seq}, which was trimmed, was not named`)
    }
  }

  #place(thousandths: number): number {
    return Math.floor((this.#model.head * thousandths) / 1_000)
  }
}

function plain({ seq, channel, event, data, time, previous, slot, removed }: Omit<Kept, 'state'>) {
  return { seq, channel, event, data, time, previous, slot, removed }
}

async function soon(promise: Promise<void>, otherwise: string): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(otherwise)), patienceMs)
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
