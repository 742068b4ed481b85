import { describe, expect, test } from 'vitest'
import { caught, type Mutant } from '../support/mutants.ts'

const memory: readonly Mutant[] = [
  {
    name: 'through is not lowered where the limit cut a channel off',
    file: 'src/log/memory.ts',
    find: 'through: cut ? (entries.at(-1)?.seq ?? 0) : this.#head',
    replace: 'through: this.#head',
  },
  {
    name: 'what was trimmed just after the cursor is not named',
    file: 'src/log/memory.ts',
    find: 'channel.trimmedThrough > after)\n',
    replace: 'channel.trimmedThrough > after + 1)\n',
  },
  {
    name: 'a known key is appended again',
    file: 'src/log/memory/keys.ts',
    find: 'return known && now - known.at < this.#windowMs ? known : undefined',
    replace: 'return undefined',
  },
  {
    name: 'a key is remembered for a moment too long',
    file: 'src/log/memory/keys.ts',
    find: 'now - known.at < this.#windowMs ?',
    replace: 'now - known.at <= this.#windowMs ?',
  },
  {
    name: 'previous forgets what was trimmed',
    file: 'src/log/memory.ts',
    find: 'latest ? undefined : channel.last',
    replace: 'latest ? undefined : (channel.trimmed().head ?? 0)',
  },
  {
    name: 'a superseded value is still read',
    file: 'src/log/memory/channel.ts',
    find: 'if (before) this.#drop(before)',
    replace: '',
  },
  {
    name: 'a step of the spine is dropped',
    file: 'src/log/memory/spine.ts',
    find: 'watch.watcher.step(step)',
    replace: 'if (appends.length !== 3) watch.watcher.step(step)',
  },
  {
    name: 'a late watch does not say what was trimmed',
    file: 'src/log/memory.ts',
    find: 'if (channel.trimmedThrough > after) {',
    replace: 'if (channel.trimmedThrough > through) {',
  },
  {
    name: 'removals and values are counted together',
    file: 'src/log/memory/channel.ts',
    find: 'this.#values.size > count',
    replace: 'this.#values.size + this.#tombstones.size > count',
  },
]

const sqlite: readonly Mutant[] = [
  {
    name: 'through is not lowered where the limit cut a channel off',
    file: 'src/log/sqlite/pages.ts',
    find: 'through: cut ? (entries.at(-1)?.seq ?? head) : head',
    replace: 'through: head',
  },
  {
    name: 'what was trimmed is not recorded',
    file: 'src/log/sqlite/trim.ts',
    find: 'this.#statements.trimmed.run(seq, checksumOf(state.id, seq), state.id)',
    replace: '',
  },
  {
    name: 'a known key is appended again',
    file: 'src/log/sqlite/store.ts',
    find: 'return now - known.time < this.#dedupeMs ? known : undefined',
    replace: 'return undefined',
  },
  {
    name: 'a superseded value is still read',
    file: 'src/log/sqlite/store.ts',
    find: 'if (replaced) this.#trim.drop(state, replaced)',
    replace: '',
  },
  {
    name: 'what was committed while a late watch read the file is dropped',
    file: 'src/log/sqlite/spine.ts',
    find: 'for (const step of behind) if',
    replace: 'for (const step of behind.slice(1)) if',
  },
  {
    name: 'a refused batch leaves a part behind',
    file: 'src/log/sqlite/store.ts',
    find: 'if (known && known.payload !== payload) throw',
    replace: 'if (known && known.payload !== payload && i === 0) throw',
  },
]

describe('the stories of the memory log catch', () => {
  test.for(memory)('$name', { timeout: 120_000 }, async (mutant) => {
    expect(await caught(mutant, 'test/property/log/main.ts', ['memory', '4000', 'first'])).toMatch(
      /Property failed/,
    )
  })
})

describe('the stories of the SQLite log catch', () => {
  test.for(sqlite)('$name', { timeout: 120_000 }, async (mutant) => {
    expect(await caught(mutant, 'test/property/log/main.ts', ['sqlite', '200', 'first'])).toMatch(
      /Property failed/,
    )
  })
})
