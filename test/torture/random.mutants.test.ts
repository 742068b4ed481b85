import { describe, expect, test } from 'vitest'
import { caught, changed, type Mutant } from '../support/mutants.ts'

interface Wrong extends Mutant {
  readonly store?: 'memory'
  readonly seconds?: number
  /** The faults that bring it to light. */
  readonly faults: string
  readonly as: RegExp
}

/** Those that `npm test` tries, too. */
const short: readonly Wrong[] = [
  {
    name: 'a signal carries an id',
    store: 'memory',
    file: 'src/hub/frame.ts',
    find: 'this.seq === 0 ? undefined :',
    replace: '',
    faults: 'none',
    as: /moving signal \(wire\)/,
  },
  {
    name: 'what was asked for first is asked for again on a resume',
    store: 'memory',
    file: 'src/server/stream-request.ts',
    find: 'resume === undefined ? startsOf',
    replace: 'resume === undefined || asked.last !== undefined ? startsOf',
    faults: 'reset',
    as: /duplicate \(wire\): sse from the last/,
  },
  {
    name: 'the key of a publish is forgotten',
    file: 'src/log/sqlite/store.ts',
    find: 'if (!row) return undefined',
    replace: 'return undefined',
    faults: 'cut-ack,proxy-repeats',
    as: /twice in the log/,
  },
]

const long: readonly Wrong[] = [
  {
    name: "a page's position is the log's head, whatever was cut off",
    store: 'memory',
    file: 'src/log/memory.ts',
    find: 'through: cut ? (entries.at(-1)?.seq ?? 0) : this.#head',
    replace: 'through: this.#head',
    faults: 'pause,reset',
    as: /(gap|skip|lie|stall) \((wire|application)\)/,
  },
  {
    name: "a poll's id is ahead of what its answer holds",
    file: 'src/server/poll.ts',
    find: 'this.body(reader.positionText(),',
    replace: 'this.body(this.#kernel.hub.lineage.positionAt(this.#kernel.hub.through),',
    faults: 'reset,pause',
    as: /(gap|lie|skip) \((wire|application)\): (sdk )?poll/,
  },
  {
    name: 'floors are left out of the id',
    store: 'memory',
    file: 'src/hub/reader.ts',
    find: 'if (floor > seq) floors.set(index, floor)',
    replace: '',
    faults: 'reset,switch',
    as: /(duplicate|id that goes back|skip|lie|false loss) \(wire\)/,
  },
  {
    name: 'a quiet position runs ahead of what is still to be taken',
    store: 'memory',
    file: 'src/hub/reader.ts',
    find: "if (this.#closed || !this.caughtUp) return 'behind'",
    replace: "if (this.#closed) return 'behind'",
    faults: 'reset,pause',
    as: /(lie|gap|stall) \((wire|application)\)/,
  },
  {
    name: 'a resume begins one too early',
    store: 'memory',
    file: 'src/hub/start.ts',
    find: 'if (reason === undefined) return { channel, after: seq, fresh: false }',
    replace: 'if (reason === undefined) return { channel, after: Math.max(0, seq - 1), fresh: false }',
    faults: 'reset',
    as: /(duplicate|id that goes back) \(wire\)/,
  },
  {
    name: 'the messages of a turn are taken channel by channel',
    store: 'memory',
    file: 'src/hub/reader.ts',
    find: 'frames.sort((a, b) => a.seq - b.seq)',
    replace: '',
    faults: 'reset,pause',
    as: /(skip|gap|reorder|id that goes back) \(wire\)/,
  },
  {
    name: 'what was acknowledged is not kept, now and then',
    file: 'src/log/sqlite/commits.ts',
    find: "this.#db.exec('COMMIT')",
    replace: "this.#db.exec(Math.random() < 0.01 ? 'ROLLBACK' : 'COMMIT')",
    faults: 'none',
    as: /lost although acknowledged|disagreement|foreign dedupe/,
  },
  {
    name: 'what retention removed is passed over in silence',
    store: 'memory',
    file: 'src/hub/reader.ts',
    find: "this.#writeGap(tracked, 'expired', this.#hub.lineage.positionAt(after), trimmed)",
    replace: '',
    faults: 'pause,reset,refuse',
    as: /(gap|lie|skip) \(wire\): .*short/,
  },
  {
    name: 'a gap is told to whoever resumes, now and then',
    store: 'memory',
    file: 'src/log/lineage.ts',
    find: "if (index < 0) return 'other-log'",
    replace: "if (index < 0 || Math.random() < 0.05) return 'other-log'",
    faults: 'reset',
    as: /false loss \(wire\)/,
  },
  {
    name: 'the log is another, its epoch is the same',
    store: 'memory',
    file: 'src/log/memory.ts',
    find: 'name: epochName()',
    replace: "name: epochName().replace(/./g, 'a')",
    faults: 'kill',
    as: /disagreement|silent reset|lost|false loss|duplicate|gap/,
  },
  {
    name: 'the keys of all publishers are the same',
    store: 'memory',
    file: 'src/log/digest.ts',
    find: 'JSON.stringify([channel, principal, key])',
    replace: 'JSON.stringify([channel, key])',
    faults: 'none',
    as: /foreign dedupe/,
  },
  {
    name: 'removals do not reach those who are here',
    store: 'memory',
    file: 'src/hub/hub.ts',
    find: 'if (append.entry) topic.push(',
    replace: 'if (append.entry?.removed) continue\n      if (append.entry) topic.push(',
    faults: 'none',
    as: /ghost slot \(wire\)|presence/,
  },
  {
    name: 'now and then data is damaged on its way into the log',
    store: 'memory',
    file: 'src/log/memory.ts',
    find: 'data: entry.data,',
    replace:
      "data: typeof entry.data === 'string' && Math.random() < 0.01 ? entry.data.replace('x', 'y') : entry.data,",
    faults: 'none',
    as: /corrupt \(wire\)/,
  },
  {
    name: 'messages go to another channel, now and then',
    store: 'memory',
    file: 'src/log/memory.ts',
    find: 'channel: channel.name,\n      event',
    replace:
      "channel: channel.name === 'all/1' && Math.random() < 0.02 ? 'all/2' : channel.name,\n      event",
    faults: 'none',
    as: /phantom/,
  },
  {
    name: 'nobody asks who may publish',
    store: 'memory',
    file: 'src/server/publish.ts',
    find: "await kernel.guard.allow(principal, 'publish', channel)",
    replace: '',
    faults: 'none',
    as: /wrong refusal/,
  },
  {
    name: 'a link that was full is not told that it has room',
    store: 'memory',
    file: 'src/node/writer.ts',
    find: 'if (this.#socket.writableLength === 0 && !this.#full) return',
    replace: 'if (this.#socket.writableLength === 0) return',
    seconds: 3,
    faults: 'reset,pause,refuse',
    as: /stall \((wire|application)\)/,
  },
  {
    name: 'who has left is still there',
    store: 'memory',
    file: 'src/session/presence.ts',
    find: 'else held.until = now',
    replace: 'else held.until = now + 60_000',
    faults: 'none',
    as: /presence/,
  },
  {
    name: 'a publish ends the process, now and then',
    store: 'memory',
    file: 'src/server/publish.ts',
    find: 'const batch = Array.isArray(body)',
    replace: 'if (Math.random() < 0.02) process.exit(7)\n  const batch = Array.isArray(body)',
    faults: 'none',
    as: /crash/,
  },
  {
    name: 'a client keeps its gaps to itself',
    store: 'memory',
    file: 'src/client/subscriptions.ts',
    find: "listeners.emit('gap', message)",
    replace: 'track.pause',
    faults: 'kill,term',
    as: /(gap|lie|silent reset) \(application\)/,
  },
]

function argsOf({ store, seconds = 5, faults }: Wrong): readonly string[] {
  return ['--store', store ?? 'sqlite', '--seconds', String(seconds), '--faults', faults]
}

const asked = process.env['TORTURE'] === 'mutants'

test.each([...short, ...long])('$name is a change of one place', async (mutant) => {
  await expect(changed(mutant)).resolves.toContain(mutant.replace)
})

describe('the torture run catches', () => {
  test.for(asked ? [...short, ...long] : short)('$name', { timeout: 150_000 }, async (mutant) => {
    expect(await caught(mutant, 'test/torture/random/main.ts', argsOf(mutant))).toMatch(mutant.as)
  })
})
