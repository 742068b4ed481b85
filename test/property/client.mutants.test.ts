import { describe, expect, test } from 'vitest'
import { caught, type Mutant } from '../support/mutants.ts'

// Each is a bug that a client of this kind has had, or nearly had.
const mutants: readonly Mutant[] = [
  {
    name: 'what was seen last is delivered again',
    file: 'src/client/track.ts',
    find: "if (part.seq <= last) return 'drop'",
    replace: "if (part.seq < last) return 'drop'",
  },
  {
    name: 'what does not follow is delivered all the same',
    file: 'src/client/track.ts',
    find: 'const follows = previous === undefined',
    replace: 'const follows = true || previous === undefined',
  },
  {
    name: 'messages of the last subscription count after a drop',
    file: 'src/client/track.ts',
    find: "if (!this.#following) return 'drop'\n    // A signal",
    replace: '// A signal',
  },
  {
    name: 'the start that was given is forgotten when it is a position',
    file: 'src/client/track.ts',
    find: 'this.#at = this.#place(start.after, -1)',
    replace: '',
  },
  {
    name: 'floors are read for another channel',
    file: 'src/client/track.ts',
    find: '${index}:',
    replace: '${index + 1}:',
  },
  {
    name: 'a channel resumes from the position of another',
    file: 'src/client/subscriptions.ts',
    find: 'one.start = one.track.resumeFrom()',
    replace: 'one.start = (all.at(-1) ?? one).track.resumeFrom()',
  },
  {
    name: 'what is missing is not asked for',
    file: 'src/client/subscriptions.ts',
    find: "if (verdict === 'repair') this.#repair(subscription)",
    replace: '',
  },
  {
    name: 'a channel that was left goes on',
    file: 'src/client/channel.ts',
    find: 'this.#host.subscriptions.forget(this.name)',
    replace: '',
  },
  {
    name: 'a publish does not say what it is behind',
    file: 'src/client/sender.ts',
    find: 'behind: this.#entries.at(-1)?.ref,',
    replace: '',
  },
  {
    name: 'a publish is repeated with a new key',
    file: 'src/client/sender.ts',
    find: 'else line.send(message)',
    replace: 'else line.send({ ...message, text: message.text.replace(/key-/, `key-${this.#post.now()}-`) })',
  },
  {
    name: 'what was under way is not repeated after a drop',
    file: 'src/client/sender.ts',
    find: 'for (const entry of this.#entries) entry.inFlight = false',
    replace: '',
  },
  {
    name: 'what waits is sent newest first',
    file: 'src/client/sender.ts',
    find: 'this.#entries.slice(0, windowSize)',
    replace: 'this.#entries.slice(0, windowSize).reverse()',
  },
  {
    name: 'what is older than the memory of keys is repeated',
    file: 'src/client/sender.ts',
    find: 'now - triedAt < dedupeMs',
    replace: 'true',
  },
  {
    name: 'the backoff begins anew when a connection opens',
    file: 'src/client/machine/machine.ts',
    find: 'wasLive = true\n',
    replace: 'wasLive = true\n    attempt = 0\n',
  },
  {
    name: 'the connection that was succeeded is not closed',
    file: 'src/client/machine/machine.ts',
    find: 'if (before) shut(before)',
    replace: '',
  },
  {
    name: 'silence is not death',
    file: 'src/client/machine/machine.ts',
    find: "arm('silence', 2 * beatMs)",
    replace: '',
  },
  {
    name: 'an attempt may take for ever',
    file: 'src/client/machine/machine.ts',
    find: "return arm('opening', openingLimit(successor.transport))",
    replace: 'return',
  },
  {
    name: 'closing leaves the timers running',
    file: 'src/client/machine/machine.ts',
    find: "ended = 'closed'\n        return letGo()",
    replace: 'return',
  },
  {
    name: 'a refused token ends everything although a new one is to be had',
    file: 'src/client/machine/machine.ts',
    find: 'if (!stale || !refreshable || refreshed)',
    replace: 'if (stale || !refreshable || refreshed)',
  },
]

describe('the random stories of clients catch', () => {
  test.each(mutants)(
    '$name',
    async (mutant) => {
      expect(await caught(mutant, 'test/property/client/main.ts', ['6000'])).toMatch(/Error/)
    },
    120_000,
  )
})
