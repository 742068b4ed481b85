import { describe, expect, test } from 'vitest'
import { chooser, type Outcome } from '../../src/client/chooser.ts'
import type { Acts, Attempt, Event, Settings, Timer } from '../../src/client/machine/acts.ts'
import { machine as newMachine } from '../../src/client/machine/machine.ts'
import type { Ending, TransportName } from '../../src/client/transports/transport.ts'

const all = ['websocket', 'sse', 'poll'] as const
const settings: Settings = { transports: all, endpoints: 1, maxAttempts: Infinity, refreshable: false }
const reset: Ending = { retry: 'now', told: false, message: 'reset' }

interface Line extends Attempt {
  readonly id: number
  heardAt: number
}

/** An act and what it was given; of `open`, what it gave. */
type Done =
  | ['open', Line]
  | {
      [Name in Exclude<keyof Acts<Line>, 'open'>]: [Name, ...Parameters<Acts<Line>[Name]>]
    }[Exclude<keyof Acts<Line>, 'open'>]

/** A machine with a clock of its own; `random` is 1, so that every wait is its longest. */
function machine(given: Partial<Settings> = {}) {
  let now = 0
  let random = 0
  let done: Done[] = []
  const lines: Line[] = []
  const record =
    <Name extends Exclude<keyof Acts<Line>, 'open'>>(name: Name) =>
    (...given: Parameters<Acts<Line>[Name]>) =>
      // What is recorded under a name was given to it.
      void done.push([name, ...given] as unknown as Done)
  const at = newMachine<Line>(
    { ...settings, ...given },
    { now: () => now, random: () => random },
    {
      open(transport) {
        const line: Line = { id: lines.length + 1, transport, heardAt: now }
        lines.push(line)
        done.push(['open', line])
        return line
      },
      shut: record('shut'),
      adopt: record('adopt'),
      lost: record('lost'),
      ping: record('ping'),
      arm: record('arm'),
      disarm: record('disarm'),
      switched: record('switched'),
      over: record('over'),
      changed: record('changed'),
    },
  )
  random = 1
  return {
    get state() {
      return at.state
    },
    get coming() {
      return at.coming
    },
    tell(event: Event<Line>, afterMs = 0, heardAt?: number): readonly Done[] {
      now += afterMs
      done = []
      if (at.line) at.line.heardAt = heardAt ?? now
      at.tell(...event)
      return done
    },
    /** The line that lives, or is being opened. */
    get line(): Line {
      const line = at.line ?? at.coming
      if (!line) throw new Error(`no line while ${at.state}`)
      return line
    },
    /** The line that was opened last. */
    get last(): Line {
      const line = lines.at(-1)
      if (!line) throw new Error('no line yet')
      return line
    },
    open(heartbeatMs = 25_000) {
      return this.tell(['opened', this.line, heartbeatMs], 10)
    },
    end(ending: Ending = reset, afterMs = 10) {
      return this.tell(['ended', this.line, ending], afterMs)
    },
    ring(timer: Timer, afterMs = 0, heardAt = now) {
      return this.tell(['timer', timer], afterMs, heardAt)
    },
  }
}

const opens = (effects: readonly Done[]) =>
  effects.flatMap((done) => (done[0] === 'open' ? [done[1].transport] : []))
const armed = (effects: readonly Done[], timer: string) =>
  effects.flatMap((done) => (done[0] === 'arm' && done[1] === timer ? [done[2]] : []))[0]

describe('the machine', () => {
  test('C44: waits from 1 s, doubling to 30 s', () => {
    const m = machine({ transports: ['websocket'] })
    m.tell(['shown'])
    const waits = [0, 1, 2, 3, 4, 5, 6].map(() => {
      const ms = armed(m.end(), 'retry')
      m.ring('retry', ms)
      return ms
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  test('C44: opening does not reset the wait; having lived does', () => {
    const m = machine({ transports: ['websocket'] })
    m.tell(['shown'])
    const again = () => {
      m.open()
      const ms = armed(m.end(reset, 200), 'retry')
      m.ring('retry', ms)
      return ms
    }
    expect([again(), again(), again()]).toEqual([1_000, 2_000, 4_000])
    m.open()
    m.ring('trust', 10_000)
    expect(armed(m.end(), 'retry')).toBe(1_000)
  })

  test.each<[Partial<Ending>, string]>([
    [{ retry: 'never', told: true, code: 'forbidden' }, 'denied'],
    [{ retry: 'never', told: true, code: 'token-expired' }, 'denied'],
    [{ retry: 'now', told: true, code: 'draining' }, 'connecting'],
    [{ retry: 'later', told: true, code: 'overloaded' }, 'connecting'],
    [{}, 'connecting'],
  ])('an attempt that ends with %j leaves it %s', (ending, expected) => {
    const m = machine()
    m.tell(['shown'])
    m.end({ ...reset, ...ending })
    expect(m.state).toBe(expected)
  })

  test('what the server refuses for now is not asked again by another transport', () => {
    const m = machine()
    m.tell(['shown'])
    const effects = m.end({ retry: 'later', told: true, code: 'overloaded', message: '', retryMs: 700 })
    expect(opens(effects)).toEqual([])
    expect(armed(effects, 'retry')).toBe(1_700)
  })

  test('a token that was refused is asked for once more, not twice', () => {
    const m = machine({ refreshable: true })
    const expired: Ending = { retry: 'never', told: true, code: 'token-expired', message: '' }
    m.tell(['shown'])
    expect(opens(m.end(expired))).toEqual(['websocket'])
    m.end(expired)
    expect(m.state).toBe('denied')
  })

  test('a page that slept may ask for a token once more', () => {
    const m = machine({ refreshable: true })
    const expired: Ending = { retry: 'never', told: true, code: 'token-expired', message: '' }
    m.tell(['shown'])
    m.end(expired)
    m.tell(['asleep'])
    m.tell(['shown'], 3_600_000)
    expect(opens(m.end(expired))).toEqual(['websocket'])
  })

  test('C45: gives up after the last attempt', () => {
    const m = machine({ maxAttempts: 2, transports: ['sse'] })
    m.tell(['shown'])
    m.ring('retry', armed(m.end(), 'retry'))
    expect(m.end()).toContainEqual(['over', reset, false])
    expect(m.state).toBe('closed')
  })

  test('C50: the states that a page may show', () => {
    const m = machine({ transports: ['websocket'] })
    const seen = [m.state]
    const look = () => seen.push(m.state)
    m.tell(['shown'])
    m.open()
    look()
    m.ring('trust', 10_000)
    m.end()
    look()
    m.ring('retry', 1_000)
    m.open()
    look()
    m.ring('trust', 10_000)
    look()
    m.tell(['offline'])
    look()
    m.tell(['online'], 0, 21_000)
    m.tell(['close'])
    look()
    expect(seen).toEqual(['connecting', 'live', 'reconnecting', 'recovered', 'live', 'offline', 'closed'])
  })

  test('C51: in all less than 3 s for a WebSocket that is swallowed', () => {
    const m = machine()
    m.tell(['shown'])
    expect(armed(m.tell(['dialled', m.line]), 'opening')).toBeLessThan(2_900)
    expect(opens(m.ring('opening', 1_800))).toEqual(['sse'])
  })

  test('a WebSocket that opens and then swallows everything is left for SSE', () => {
    const m = machine()
    m.tell(['shown'])
    expect(m.open()).toContainEqual(['ping', m.line])
    expect(opens(m.ring('probe', 4_000))).toEqual(['sse'])
  })

  test('a WebSocket that opens and is killed is left for SSE the second time', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    expect(opens(m.end(reset, 200))).toEqual([])
    expect(opens(m.ring('retry', 1_000))).toEqual(['websocket'])
    m.open()
    expect(opens(m.end(reset, 200))).toEqual(['sse'])
  })

  test('a server that restarts is no blocked path: what has lived is tried alone', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    m.ring('trust', 10_000)
    m.end()
    m.ring('retry', 1_000)
    expect(opens(m.end())).toEqual([])
    expect(opens(m.ring('retry', 2_000))).toEqual(['websocket'])
  })

  test('C53: what was never tried has its short time, however often another failed before', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    m.ring('trust', 10_000)
    for (let effects = m.end(); !opens(effects).includes('sse'); effects = m.end()) {
      if (!m.coming) m.ring('retry', 30_000)
    }
    expect(armed(m.tell(['dialled', m.line]), 'opening')).toBeLessThan(5_000)
  })

  test('C59: a page that is seen again after long silence does not wait', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    m.tell(['alive', m.line])
    m.ring('trust', 10_000)
    expect(opens(m.tell(['shown'], 60_000, 10_000))).toEqual(['websocket'])
  })

  test('C59: a WebSocket that may be a zombie has to answer', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    m.tell(['alive', m.line])
    m.ring('trust', 10_000)
    expect(armed(m.tell(['online'], 0, 10_000), 'probe')).toBeLessThanOrEqual(2_000)
    expect(opens(m.ring('probe', 1_500))).toEqual(['websocket'])
  })

  const lived = (given: Partial<Settings> = {}) => {
    const m = machine(given)
    m.tell(['shown'])
    m.open()
    m.tell(['alive', m.line])
    m.ring('trust', 10_000)
    return m
  }

  test('C58, C59: a WebSocket that does not answer at once gets another beside it, which takes over', () => {
    const m = lived()
    const before = m.line
    const effects = m.tell(['shown'], 20_000, 10_000)
    expect(opens(effects)).toEqual([])
    expect(effects).toContainEqual(['ping', before])
    expect(armed(effects, 'doubt')).toBeLessThan(500)
    expect(opens(m.ring('doubt', 400))).toEqual(['websocket'])
    expect(m.line).toBe(before)
    expect(m.tell(['opened', m.last, 25_000], 50)).toContainEqual(['shut', before])
    expect(m.line.id).toBe(2)
    expect(m.state).toBe('live')
  })

  test('C59: a WebSocket that answers late keeps its place, and the other is let go', () => {
    const m = lived()
    const before = m.line
    m.tell(['shown'], 20_000, 10_000)
    m.ring('doubt', 400)
    const effects = m.tell(['alive', before], 100)
    expect(effects).toContainEqual(['disarm', 'probe'])
    expect(effects.flatMap((done) => (done[0] === 'shut' ? [done[1].id] : []))).toEqual([2])
    expect(m.line).toBe(before)
    expect(m.coming).toBeUndefined()
  })

  test('C59: where the other cannot be opened either, the probe decides', () => {
    const m = lived()
    m.tell(['shown'], 20_000, 10_000)
    m.ring('doubt', 400)
    const effects = m.tell(['ended', m.last, reset], 10)
    expect(armed(effects, 'opening')).toBeUndefined()
    expect(m.state).toBe('live')
    expect(opens(m.ring('probe', 1_090, 30_000))).toEqual(['websocket'])
    expect(m.state).toBe('reconnecting')
  })

  test('C59: what a WebSocket was asked is not owed by what has taken over', () => {
    const m = machine({ transports: ['sse', 'websocket'] })
    m.tell(['shown'])
    m.end()
    m.open()
    m.tell(['alive', m.line])
    m.ring('trust', 10_000)
    expect(opens(m.ring('upgrade', 15_000))).toEqual(['sse'])
    expect(armed(m.tell(['shown']), 'probe')).toBeDefined()
    expect(m.tell(['opened', m.last, 25_000])).toContainEqual(['disarm', 'probe'])
  })

  test('C56: who is asked and hears much else first is not given up', () => {
    const m = lived()
    m.tell(['shown'], 20_000, 10_000)
    expect(opens(m.ring('doubt', 400, 30_350))).toEqual([])
    expect(opens(m.ring('doubt', 150, 30_350))).toEqual(['websocket'])
    expect(armed(m.ring('probe', 950, 31_400), 'probe')).toBe(1_390)
    expect(m.state).toBe('live')
    expect(opens(m.ring('probe', 1_400, 31_400))).toEqual(['websocket'])
  })

  test('C59: on another network a new connection is opened at once', () => {
    const m = lived()
    expect(opens(m.tell(['online'], 1_000))).toEqual(['websocket'])
  })

  test.each(['sse', 'poll'] as const)(
    'C59: after a while away, what only listens (%s) is replaced',
    (name) => {
      const m = lived({ transports: [name] })
      expect(opens(m.tell(['shown'], 4_000, 10_010))).toEqual([])
      expect(opens(m.tell(['shown'], 4_000, 10_010))).toEqual([name])
    },
  )

  test('C58: a page that is put to sleep holds no connection, and wakes without delay or blame', () => {
    const m = lived()
    const before = m.line
    for (const _again of [1, 2, 3]) {
      const effects = m.tell(['asleep'])
      expect(effects.map(([name]) => name)).toEqual(['lost', 'shut', 'disarm', 'changed'])
      expect(m.coming).toBeUndefined()
      expect(opens(m.tell(['shown'], 60_000))).toEqual(['websocket'])
      m.open()
    }
    expect(m.line.id).toBe(before.id + 3)
  })

  test('a page may be put to sleep while it waits, and while it connects', () => {
    const m = machine()
    m.tell(['shown'])
    expect(m.tell(['asleep'])).toContainEqual(['shut', expect.objectContaining({ id: 1 })])
    m.tell(['shown'])
    m.end({ retry: 'later', told: true, message: '' })
    m.tell(['asleep'])
    expect(opens(m.tell(['shown']))).toEqual(['websocket'])
  })

  test('another set of channels is opened beside, and takes over when it is open', () => {
    const m = machine({ transports: ['sse'] })
    m.tell(['shown'])
    m.open()
    const before = m.line
    expect(opens(m.tell(['restream']))).toEqual(['sse'])
    expect(m.line).toBe(before)
    const effects = m.tell(['opened', m.last, 1_000])
    expect(effects).toContainEqual(['shut', before])
    expect(m.line.id).toBe(2)
  })

  test('C47: after close nothing is done any more', () => {
    const m = machine()
    m.tell(['shown'])
    m.open()
    m.tell(['close'])
    for (const event of ['shown', 'restream', 'stalled'] as const) expect(m.tell([event])).toEqual([])
    expect(m.ring('retry')).toEqual([])
  })
})

describe('the chooser', () => {
  test('takes the preferred one, however its clock ticks meanwhile', () => {
    let clock = 0
    expect(chooser(all, () => ++clock).choose([])).toBe('websocket')
  })

  type Happened = [TransportName, Outcome | 'opened' | 'lived']
  /** A chooser to which that has happened, and where it is `now` by its clock. */
  const after = (happened: readonly Happened[], now = 0) => {
    let clock = 0
    const ways = chooser(all, () => clock)
    const tried: TransportName[] = []
    for (const [name, what] of happened) {
      if (what === 'lived') ways.lived(name)
      else if (what === 'opened') ways.opened(tried)
      else {
        ways.failed(name, what)
        tried.push(name)
      }
    }
    clock = now
    return ways
  }

  test.each<[string, Happened[], TransportName[], number, TransportName | undefined]>([
    ['takes the preferred one', [], [], 0, 'websocket'],
    ['goes on in order', [], ['websocket'], 0, 'sse'],
    ['ends when all were tried', [], ['websocket', 'sse', 'poll'], 0, undefined],
    [
      'holds what was blocked where another opened',
      [
        ['websocket', 'blocked'],
        ['sse', 'opened'],
      ],
      [],
      0,
      'sse',
    ],
    [
      'forgives after a while',
      [
        ['websocket', 'blocked'],
        ['sse', 'opened'],
      ],
      [],
      15_000,
      'websocket',
    ],
    [
      'leaves what has lived once it was buffered twice',
      [
        ['sse', 'lived'],
        ['sse', 'buffered'],
        ['sse', 'buffered'],
      ],
      ['websocket'],
      0,
      'poll',
    ],
    [
      'holds nothing when nothing opened',
      [
        ['websocket', 'blocked'],
        ['sse', 'blocked'],
      ],
      [],
      0,
      'websocket',
    ],
    ['forgives one kill', [['websocket', 'killed']], [], 0, 'websocket'],
    [
      'does not forgive two',
      [
        ['websocket', 'killed'],
        ['websocket', 'killed'],
      ],
      [],
      0,
      'sse',
    ],
    ['holds what is silent', [['websocket', 'silent']], [], 0, 'sse'],
    [
      'holds what buffers',
      [
        ['sse', 'buffered'],
        ['websocket', 'silent'],
      ],
      [],
      0,
      'poll',
    ],
    [
      'takes what has lived',
      [
        ['websocket', 'silent'],
        ['sse', 'lived'],
      ],
      [],
      99_000,
      'sse',
    ],
    ['tries it alone', [['sse', 'lived']], ['sse'], 0, undefined],
    [
      'three times',
      [
        ['sse', 'lived'],
        ['sse', 'blocked'],
        ['sse', 'blocked'],
        ['sse', 'blocked'],
      ],
      ['sse'],
      0,
      'websocket',
    ],
  ])('%s', (_what, happened, tried, now, expected) => {
    expect(after(happened, now).choose(tried)).toBe(expected)
  })

  test('C52: says why', () => {
    expect(after([]).reason('websocket')).toBe('preferred')
    const ways = after([
      ['websocket', 'blocked'],
      ['sse', 'buffered'],
    ])
    expect(ways.reason('poll')).toBe('websocket blocked, sse buffered')
  })
})
