import fc from 'fast-check'
import type { ChannelCursor, HistoryQuery, NewEntry, ReadLimit, Rule } from '../../../src/log/log.ts'

export const dedupeMs = 3_000

const keepAll: Rule = { keep: 'all', ageMs: 1_000, count: 5, bytes: 40, tombstoneMs: 1e9 }
const rules: Readonly<Record<string, Rule>> = {
  'all/1': keepAll,
  'all/2': keepAll,
  'all/3': { ...keepAll, ageMs: 1e9, count: 1e9, bytes: 1e9 },
  'latest/1': { keep: 'latest', ageMs: 4_000, count: 2, bytes: 25, tombstoneMs: 700 },
  'latest/2': { keep: 'latest', ageMs: 1e9, count: 100, bytes: 1e9, tombstoneMs: 700 },
}

export function ruleOf(channel: string): Rule {
  return rules[channel] ?? keepAll
}

/** One thing that happens to a log. */
export type Command =
  /** Several batches at once. */
  | { readonly do: 'append'; readonly batches: readonly (readonly NewEntry[])[] }
  | { readonly do: 'read'; readonly cursors: readonly ChannelCursor[]; readonly limit: ReadLimit }
  | { readonly do: 'history'; readonly query: HistoryQuery }
  | { readonly do: 'watch'; readonly after: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'sweep' | 'reopen' }

const channel = fc.constantFrom(...Object.keys(rules))
const key = fc.option(
  fc.record({ principal: fc.constantFrom('p', 'pk'), key: fc.constantFrom('k', 'kk', '') }),
  { freq: 2, nil: undefined },
)
const entry: fc.Arbitrary<NewEntry> = fc
  .record({
    channel,
    event: fc.constantFrom('e', 'e', 'e', 'f'),
    data: fc.constantFrom('1', '1', '"1234567890"', '"123456789012345678901234567890"'),
    slot: fc.constantFrom('a', 'b', 'c'),
    removed: fc.nat(3).map((n) => n === 0),
    key,
  })
  .map(({ key: maybe, ...rest }) => (maybe ? { ...rest, key: maybe } : rest))

// Positions as thousandths of the head, which is not known yet.
const somewhere = fc.oneof(fc.constant(0), fc.nat(1_000), fc.integer({ min: 800, max: 1_000 }))
const limit: fc.Arbitrary<ReadLimit> = fc.record({
  entries: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 6 })),
  bytes: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 60 })),
})
const cursors = fc.uniqueArray(fc.record({ channel, after: somewhere }), {
  selector: (cursor) => cursor.channel,
  minLength: 1,
})
const history: fc.Arbitrary<HistoryQuery> = fc.record({
  channel,
  after: somewhere,
  before: fc.oneof(fc.constant(2_000), somewhere),
  limit: fc.integer({ min: 1, max: 8 }),
  order: fc.constantFrom('forward', 'backward'),
})

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      batches: fc.array(fc.array(entry, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), cursors, limit }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('history' as const), query: history }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), after: somewhere }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 300, 701, 1_001, 3_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)

export const story = fc.array(command, { minLength: 1, maxLength: 40, size: 'max' })
