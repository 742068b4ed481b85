import { describe, expect, test } from 'vitest'
import type { Kept, Level, Seen, Sent } from './random/history.ts'
import { judge } from './random/judge.ts'
import type { Epoch, Evidence } from './random/truth.ts'
import { violations, type Violation } from './random/verdict.ts'

const E = 'aaaaaaaaaa'
const at = (seq: number, epoch = E) => `${seq}-${epoch}`
const list = ['all/1', 'all/2', 'short/1', 'latest/1', 'none/1']
const epochs = new Map<string, Epoch>([
  [E, { log: 0, order: 0, doubted: false }],
  ['bbbbbbbbbb', { log: 1, order: 1, doubted: false }],
])

const tried = (who: string, channel: string, slot = '', removed = false): Sent => ({
  type: 'tried',
  who,
  channel,
  slot,
  removed,
})
const answered = (who: string, id: string | undefined): Sent => ({ type: 'acknowledged', who, id })
const message = (channel: string, seq: number, who: string, more = {}): Seen => ({
  type: 'message',
  channel,
  id: at(seq),
  who,
  slot: '',
  removed: false,
  ...more,
})
const begin = (channel: string, seq = 0): Seen => ({ type: 'begin', channel, at: at(seq) })
const kept = (channel: string, seq: number, who: string, more = {}): Kept => ({
  channel,
  id: at(seq),
  who,
  slot: '',
  removed: false,
  ...more,
})

/** Four messages in two channels, and one slot that was set and removed. */
const sent: readonly Sent[] = [
  tried('p:0', 'all/1'),
  tried('p:1', 'all/2'),
  tried('p:2', 'all/1'),
  tried('p:3', 'all/1'),
  tried('p:4', 'latest/1', 'a'),
  tried('p:5', 'latest/1', 'a', true),
  tried('p:6', 'none/1'),
  ...[0, 1, 2, 3, 4, 5].map((n) => answered(`p:${n}`, at(n + 1))),
  answered('p:6', undefined),
]
const log: readonly Kept[] = [
  kept('all/1', 1, 'p:0'),
  kept('all/1', 3, 'p:2'),
  kept('all/1', 4, 'p:3'),
  kept('all/2', 2, 'p:1'),
  kept('latest/1', 6, '', { slot: 'a', removed: true }),
]
const one = [message('all/1', 1, 'p:0'), message('all/1', 3, 'p:2'), message('all/1', 4, 'p:3')]
const [first, second, third] = one as [Seen, Seen, Seen]

interface Case {
  readonly seen?: readonly Seen[]
  readonly sent?: readonly Sent[]
  readonly kept?: readonly Kept[]
  readonly lastLog?: number
  readonly level?: Level
}

function found({ seen = [], level = 'wire', ...other }: Case): readonly string[] {
  const evidence: Evidence = {
    epochs,
    sent: other.sent ?? sent,
    readers: [{ name: 'r', level, channels: list, seen }],
    kept: other.kept ?? log,
    lastLog: other.lastLog ?? 0,
    shortCount: 2,
  }
  const { counts } = judge(evidence)
  return [...counts].flatMap(([name, places]) => [...places.keys()].map((place) => `${name} (${place})`))
}

const slot = { slot: 'a' }
const cases: readonly [Violation, Case][] = [
  ['gap', { seen: [begin('all/1'), first, third] }],
  ['duplicate', { seen: [begin('all/1'), first, second, second, third] }],
  ['reorder', { seen: [begin('all/1'), first, third, second] }],
  ['disagreement', { seen: [begin('all/1'), first, message('all/1', 3, 'p:3'), third] }],
  ['twice in the log', { kept: [...log, kept('all/1', 7, 'p:3')] }],
  ['lost although acknowledged', { kept: log.filter(({ who }) => who !== 'p:2') }],
  ['phantom', { seen: [begin('all/1'), ...one, message('all/1', 9, 'q:0')] }],
  ['corrupt', { seen: [begin('all/1'), ...one, message('all/1', 9, '!{"by":"p"}')] }],
  [
    'silent reset',
    {
      seen: [begin('all/1'), ...one, { type: 'proved', channel: 'all/1', at: at(1, 'bbbbbbbbbb') }],
      lastLog: 1,
    },
  ],
  ['stall', { seen: [begin('all/1'), first, second] }],
  ['lie', { seen: [begin('all/1'), first, { type: 'proved', channel: 'all/1', at: at(4) }] }],
  [
    'false loss',
    { seen: [begin('all/1'), ...one, { type: 'gap', channel: 'all/1', reason: 'expired', at: at(5) }] },
  ],
  [
    'skip',
    {
      seen: [
        begin('all/1'),
        begin('all/2'),
        message('all/1', 1, 'p:0', { at: at(1) }),
        message('all/1', 3, 'p:2', { at: at(3) }),
        message('all/1', 4, 'p:3', { at: at(4) }),
      ],
    },
  ],
  [
    'id that goes back',
    {
      seen: [
        begin('all/1'),
        ...one,
        { type: 'proved', channel: 'all/1', at: at(6) },
        { type: 'proved', channel: 'all/1', at: at(5) },
      ],
    },
  ],
  [
    'ghost slot',
    {
      seen: [
        begin('latest/1'),
        message('latest/1', 5, 'p:4', slot),
        { type: 'proved', channel: 'latest/1', at: at(6) },
      ],
    },
  ],
  ['foreign dedupe', { sent: [...sent, tried('q:0', 'all/1'), answered('q:0', at(3))] }],
  ['moving signal', { seen: [message('none/1', 7, 'p:6')] }],
  ['wrong refusal', { sent: [...sent, { type: 'wronged', violation: 'wrong refusal', what: 'forbidden' }] }],
  ['presence', { sent: [...sent, { type: 'wronged', violation: 'presence', what: 'nobody is there' }] }],
  ['crash', { sent: [...sent, { type: 'wronged', violation: 'crash', what: 'gone' }] }],
]

describe('the judge of the torture run', () => {
  test('finds nothing in a history that is right', () => {
    const seen: readonly Seen[] = [
      ...list.slice(0, 4).map((channel) => begin(channel)),
      message('all/1', 1, 'p:0', { at: at(1) }),
      message('all/2', 2, 'p:1', { at: at(2) }),
      message('all/1', 3, 'p:2', { at: at(3) }),
      message('all/1', 4, 'p:3', { at: at(4) }),
      message('latest/1', 6, '', { slot: 'a', removed: true, at: at(6) }),
      message('none/1', 0, 'p:6', { id: undefined }),
      { type: 'listed', at: at(6) },
    ]
    expect(found({ seen })).toEqual([])
  })

  test('has a history for each kind of violation', () => {
    expect(cases.map(([violation]) => violation)).toEqual([...violations])
  })

  test.for(cases)('finds: %s', ([violation, history]) => {
    const names = found(history).map((each) => each.replace(/ \(.*/, ''))
    expect(names).toContain(violation)
    // A hole may show twice, and never as something that it is not.
    const also: readonly Violation[] = [
      'gap',
      'lie',
      'stall',
      'reorder',
      'foreign dedupe',
      'lost although acknowledged',
    ]
    expect(names.filter((each) => each !== violation && !also.includes(each as Violation))).toEqual([])
  })

  test('tells what a bare client got from what the SDK gave', () => {
    const seen = [begin('all/1'), first, third]
    expect(found({ seen })).toEqual(['gap (wire)'])
    expect(found({ seen, level: 'application' })).toEqual(['gap (application)'])
  })

  test('takes an expired gap over what retention has removed, and only that', () => {
    const short = [0, 1, 2, 3].map((n) => [tried(`s:${n}`, 'short/1'), answered(`s:${n}`, at(10 + n))]).flat()
    const gap = (seq: number, oldest: number): Seen => ({
      type: 'gap',
      channel: 'short/1',
      reason: 'expired',
      at: at(seq),
      oldest: at(oldest),
    })
    const rest = [message('short/1', 12, 's:2'), message('short/1', 13, 's:3')]
    const history = { sent: [...sent, ...short] }
    expect(found({ ...history, seen: [begin('short/1'), gap(11, 12), ...rest] })).toEqual([])
    expect(found({ ...history, seen: [begin('short/1'), gap(12, 13), ...rest.slice(1)] })).toEqual([
      'false loss (wire)',
    ])
  })
})
