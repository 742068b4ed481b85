import { describe, expect, test } from 'vitest'
import { caught, type Mutant } from '../support/mutants.ts'

// Each is a bug that a system of this kind has had, or nearly had.
const mutants: readonly Mutant[] = [
  {
    name: 'memory is taken although one channel reaches back too little',
    file: 'src/hub/joint.ts',
    find: 'if (floor > after) return false',
    replace: 'if (floor > after) return true',
  },
  {
    name: 'off by one at the joint',
    file: 'src/hub/joint.ts',
    find: 'if (floor > after)',
    replace: 'if (floor > after + 1)',
  },
  {
    name: 'off by one at the joint of a single channel',
    file: 'src/hub/reader.ts',
    find: 'return only.topic.floor <= Math.max(this.#at, only.floor)',
    replace: 'return only.topic.floor <= Math.max(this.#at, only.floor) + 1',
  },
  {
    name: 'a topic that is new claims to reach back to the beginning',
    file: 'src/hub/hub.ts',
    find: 'new Topic(channel, this.through, this.#budget)',
    replace: 'new Topic(channel, 0, this.#budget)',
  },
  {
    name: 'the floor stays where it was after an eviction',
    file: 'src/hub/topic.ts',
    find: 'this.#floor = last.seq',
    replace: '',
  },
  {
    name: 'the id is the last one read, without what was proved for the other channels',
    file: 'src/log/memory.ts',
    find: 'through: cut ? (entries.at(-1)?.seq ?? 0) : this.#head',
    replace: 'through: this.#head',
  },
  {
    name: 'floors are left out of the id',
    file: 'src/hub/reader.ts',
    find: 'if (floor > seq) floors.set(index, floor)',
    replace: '',
  },
  {
    name: 'floors are ignored on a resume',
    file: 'src/hub/start.ts',
    find: 'const floor = position.floors.get(index) ?? 0',
    replace: 'const floor = 0',
  },
  {
    name: 'frames with floors carry their own id',
    file: 'src/hub/reader.ts',
    find: 'if (messageAt && (this.#hasFloors() || this.#snapshots > 0))',
    replace: 'if (messageAt && this.#snapshots > 0)',
  },
  {
    name: 'trimmed messages are passed over in silence',
    file: 'src/hub/reader.ts',
    find: 'if (after >= trimmed.through) return false',
    replace: 'if (after >= 0) return false',
  },
  {
    name: 'a reader stays fresh for ever',
    file: 'src/hub/reader.ts',
    find: 'for (const tracked of this.#channels) tracked.fresh = false',
    replace: '',
  },
  {
    name: 'the position is stated before the gap that it needs',
    file: 'src/hub/reader.ts',
    find: 'return this.#pendingGaps.length > 0 ? undefined : this.positionText()',
    replace: 'return this.positionText()',
  },
  {
    name: 'another log goes unnoticed',
    file: 'src/log/lineage.ts',
    find: "if (index < 0) return 'other-log'",
    replace: 'if (index < 0) return undefined',
  },
  {
    name: 'a hole in the spine is passed over',
    file: 'src/hub/hub.ts',
    find: 'if (step.after > this.through) {',
    replace: 'if (step.after > this.through + 1e9) {',
  },
  {
    name: 'a doubled step is taken twice',
    file: 'src/hub/hub.ts',
    find: 'if (append.seq <= this.through) continue',
    replace: '',
  },
  {
    name: 'a signal carries an id',
    file: 'src/hub/frame.ts',
    find: 'this.seq === 0 ? undefined :',
    replace: '',
  },
  {
    name: 'a snapshot that was cut off counts as whole',
    file: 'src/protocol/position.ts',
    find: 'for (const [index, begun] of position.snapshots) text += `~${index}:${begun}`',
    replace: '',
  },
  {
    name: 'forgotten removals leave ghosts',
    file: 'src/hub/reader.ts',
    find: 'if (latest) {',
    replace: 'if (latest) { return false',
  },
  {
    name: 'a quiet position runs ahead of what is still to be taken',
    file: 'src/hub/reader.ts',
    find: "if (this.#closed || !this.caughtUp) return 'behind'",
    replace: "if (this.#closed) return 'behind'",
  },
  {
    name: 'a page moves the position past where its limit cut it off',
    file: 'src/hub/reader.ts',
    find: 'this.#moveTo(page.through)',
    replace: 'this.#moveTo(Math.max(page.through, this.#hub.through))',
  },
  {
    name: 'off by one at a page that was read for others',
    file: 'src/hub/pages.ts',
    find: 'page.after <= after &&',
    replace: 'page.after <= after + 1 &&',
  },
  {
    name: 'the rest of a shared page is passed over',
    file: 'src/hub/pages.ts',
    find: 'through: last.seq',
    replace: 'through: page.through',
  },
  {
    name: 'pages of channels that keep the latest are shared',
    file: 'src/hub/log-pages.ts',
    find: "|| this.#keep(only.channel) !== 'all'",
    replace: '',
  },
  {
    name: 'a full sink drops the message',
    file: 'src/hub/reader.ts',
    find: "if (this.#sink.room <= 0) return 'more'\n      this.#write(frame)",
    replace: 'if (this.#sink.room > 0) this.#write(frame)',
  },
]

describe('the stories of streams catch', () => {
  test.for(mutants)('$name', { timeout: 120_000 }, async (mutant) => {
    expect(await caught(mutant, 'test/property/stream/main.ts', ['20000'])).toMatch(/Property failed/)
  })
})
