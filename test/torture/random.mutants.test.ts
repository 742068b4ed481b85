import { describe, expect, test } from 'vitest'
import { caught, type Mutant } from '../support/mutants.ts'

interface Wrong extends Mutant {
  readonly store: 'sqlite' | 'memory'
  readonly as: RegExp
}

const mutants: readonly Wrong[] = [
  {
    name: "a poll's id is ahead of what its answer holds",
    store: 'sqlite',
    file: 'src/server/poll.ts',
    find: 'sink.answer(reader.positionText())',
    replace: 'sink.answer(await kernel.hub.position())',
    as: /lost: (sdk )?poll/,
  },
  {
    name: 'the key of a publish is forgotten',
    store: 'sqlite',
    file: 'src/log/sqlite/store.ts',
    find: 'if (!row) return undefined',
    replace: 'return undefined',
    as: /twice in the log/,
  },
  {
    name: 'what was acknowledged is not kept, now and then',
    store: 'sqlite',
    file: 'src/log/sqlite/commits.ts',
    find: "this.#db.exec('COMMIT')",
    replace: "this.#db.exec(Math.random() < 0.01 ? 'ROLLBACK' : 'COMMIT')",
    as: /acknowledged but absent|disagreement/,
  },
  {
    name: 'what retention removed is passed over in silence',
    store: 'memory',
    file: 'src/hub/reader.ts',
    find: "this.#writeGap(tracked, 'expired', this.#hub.lineage.positionAt(after), trimmed)",
    replace: '',
    as: /lost: .*short/,
  },
  {
    name: 'the log is another, its epoch is the same',
    store: 'memory',
    file: 'src/log/memory.ts',
    find: 'name: epochName()',
    replace: "name: epochName().replace(/./g, 'a')",
    as: /disagreement|silent reset|lost|false gap/,
  },
  {
    name: 'a client keeps its gaps to itself',
    store: 'memory',
    file: 'src/client/subscriptions.ts',
    find: "listeners.emit('gap', message)",
    replace: '',
    as: /(lost|silent reset): sdk/,
  },
]

// Each needs its own random faults at the right moment, and up to a minute: the judge is what they try, not the product.
const asked = process.env['TORTURE'] === 'mutants'

describe.skipIf(!asked)('the judge of the random torture catches (npm run torture:mutants)', () => {
  test.for(mutants)('$name', { timeout: 120_000 }, async (mutant) => {
    expect(await caught(mutant, 'test/torture/random/main.ts', ['5', mutant.store])).toMatch(mutant.as)
  })
})
