import { describe, expect, test } from 'vitest'
import { recommended } from '../../src/cli/proxies/recommended.ts'
import type { FindingCode } from '../../src/doctor/findings.ts'
import type { Measurements, Reach, StreamProbe } from '../../src/doctor/measurements.ts'
import { knownAmong, shownBy } from '../../src/doctor/proxies.ts'
import { markdown, printed, whole } from '../../src/doctor/report.ts'
import { judge, type Level, type Verdict } from '../../src/doctor/verdict.ts'
import type { About, Posted } from '../../src/doctor/wire.ts'

const about: About = {
  doctor: 1,
  probe: 'p',
  now: 1,
  http: '1.1',
  address: 'public',
  through: [],
  lastEventId: undefined,
  cookie: false,
  heartbeatMs: 25_000,
  messageBytes: 65_536,
}
const reach = { kind: 'everwire', about, roundTripMs: 20, skewMs: 3, redirected: false, shown: [] } as const
const stream = {
  kind: 'delivered',
  headMs: 20,
  firstMs: 21,
  sent: 13,
  received: 13,
  spanMs: 1_440,
  delayMs: { p50: 1, max: 4 },
  pieces: 13,
  encoding: undefined,
} as const satisfies StreamProbe
const posted: Posted = { bytes: 100, origin: 'own', origins: 'same-host' }
const post = { bytes: 100, ok: true, status: 200, byServer: true, posted } as const

/** A path on which nothing is wrong, measured by a page. */
const good: Measurements = {
  from: 'page',
  url: 'https://app.example/wire',
  reach,
  front: 'h2',
  socket: { kind: 'works', openMs: 40, echoMs: { p50: 20, max: 24 }, large: true },
  stream,
  headers: { lastEventId: true, query: true },
  poll: { kind: 'survived', ms: 200 },
  posts: [post, { ...post, bytes: 91_000 }, { ...post, bytes: 1_250_000 }],
  page: { eventSource: 'resumes', together: { asked: 8, atOnce: 8 }, cookie: true },
  idle: {
    wantedMs: 30_000,
    socket: { kind: 'survived', ms: 30_000 },
    stream: { kind: 'survived', ms: 30_000 },
    hold: { kind: 'survived', ms: 30_000 },
  },
}

const reached = (changes: Partial<About>, more: object = {}): Partial<Measurements> => ({
  reach: { ...reach, ...more, about: { ...about, ...changes } },
})
const delivered = (changes: object): Partial<Measurements> => ({ stream: { ...stream, ...changes } })
const silent = (afterMs: number) => ({ kind: 'cut', afterMs, how: 'ended' }) as const
const refused = { ...post, ok: false, status: 413, byServer: false } as const

const held = { delayMs: { p50: 720, max: 1_440 }, pieces: 1, firstMs: 1_450 }
const only = (found: Reach): Partial<Measurements> => ({
  reach: found,
  socket: undefined,
  stream: undefined,
  poll: undefined,
  posts: undefined,
  headers: undefined,
  page: undefined,
})

const table: readonly (readonly [string, Partial<Measurements>, Level, readonly FindingCode[]])[] = [
  ['nothing wrong', {}, 'good', []],
  ['no answer', only({ kind: 'unreachable', reason: 'ENOTFOUND' }), 'broken', ['unreachable']],
  [
    'a certificate of nobody',
    only({ kind: 'unreachable', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    'broken',
    ['certificate-untrusted'],
  ],
  ['a login page', only({ kind: 'other', status: 200, type: 'text/html' }), 'broken', ['not-everwire']],
  ['no doctor', only({ kind: 'off' }), 'broken', ['doctor-off']],
  [
    'a busy doctor',
    only({ kind: 'refused', code: 'overloaded', message: 'later' }),
    'broken',
    ['doctor-busy'],
  ],
  ['a redirect', reached({}, { redirected: true }), 'good', ['redirected']],
  ['HTTP/1.0 at the server', reached({ http: '1.0' }), 'findings', ['old-http']],
  ['a clock an hour ahead', reached({}, { skewMs: 3_600_000 }), 'findings', ['clock-skew']],
  ['a clock an hour behind', reached({}, { skewMs: -3_600_000 }), 'findings', ['clock-skew']],
  ['a clock within the round trip', reached({}, { skewMs: 35_000, roundTripMs: 6_000 }), 'good', []],
  ["a proxy's address", reached({ address: 'private', through: ['via'] }), 'good', ['address-hidden']],
  ['this machine', { url: 'http://127.0.0.1:4000/wire', ...reached({ address: 'loopback' }) }, 'good', []],
  ['no encryption', { url: 'http://app.example/wire' }, 'good', ['not-encrypted']],
  [
    'a stripped upgrade',
    { socket: { kind: 'refused', afterMs: 9, arrived: 'plain' } },
    'findings',
    ['upgrade-stripped'],
  ],
  [
    'a refused one',
    { socket: { kind: 'refused', afterMs: 9, arrived: 'not' } },
    'findings',
    ['upgrade-refused'],
  ],
  [
    'an answer lost',
    { socket: { kind: 'refused', afterMs: 9, arrived: 'handshake' } },
    'findings',
    ['upgrade-refused'],
  ],
  [
    'nothing known',
    { socket: { kind: 'refused', afterMs: 9, arrived: undefined } },
    'findings',
    ['upgrade-refused'],
  ],
  [
    'swallowed',
    { socket: { kind: 'swallowed', openMs: 9, waitedMs: 5_000 } },
    'findings',
    ['websocket-swallowed'],
  ],
  ['cut', { socket: { kind: 'cut', afterMs: 900, code: 1006 } }, 'findings', ['websocket-cut']],
  [
    'large messages lost',
    { socket: { kind: 'works', openMs: 1, echoMs: { p50: 1, max: 1 }, large: false } },
    'findings',
    ['websocket-large'],
  ],
  [
    'no event stream',
    { stream: { kind: 'refused', status: 502, type: 'text/html' } },
    'findings',
    ['sse-blocked'],
  ],
  ['a stream that fails', { stream: { kind: 'failed', reason: 'ECONNRESET' } }, 'findings', ['sse-blocked']],
  [
    'no room for a stream',
    { stream: { kind: 'refused', status: 503, type: '', code: 'overloaded' } },
    'findings',
    ['doctor-busy'],
  ],
  [
    'a silent stream',
    { stream: { kind: 'silent', headMs: undefined, waitedMs: 6_000 } },
    'findings',
    ['sse-buffered'],
  ],
  [
    'a silent stream with a head',
    { stream: { kind: 'silent', headMs: 9, waitedMs: 6_000 } },
    'findings',
    ['sse-buffered'],
  ],
  ['a stream held back', delivered(held), 'findings', ['sse-buffered']],
  ['held and compressed in a page', delivered({ ...held, encoding: 'gzip' }), 'findings', ['sse-buffered']],
  [
    'held by compression',
    { ...delivered({ ...held, encoding: 'gzip' }), plainStream: stream },
    'findings',
    ['compression-held'],
  ],
  [
    'held with and without compression',
    { ...delivered({ ...held, encoding: 'gzip' }), plainStream: { ...stream, ...held } },
    'findings',
    ['sse-buffered'],
  ],
  [
    'events in clumps',
    delivered({ delayMs: { p50: 220, max: 454 }, pieces: 4 }),
    'findings',
    ['sse-delayed'],
  ],
  [
    'events two at a time',
    delivered({ delayMs: { p50: 93, max: 213 }, pieces: 7 }),
    'findings',
    ['sse-delayed'],
  ],
  ['a way that wavers', delivered({ delayMs: { p50: 93, max: 213 }, pieces: 13 }), 'good', []],
  [
    'one event that a busy machine held up',
    delivered({ delayMs: { p50: 9, max: 1_300 }, pieces: 12 }),
    'good',
    [],
  ],
  ['events lost', delivered({ received: 3 }), 'findings', ['sse-lost']],
  ['compressed on the way', delivered({ encoding: 'gzip' }), 'good', ['compression-added']],
  ['no poll', { poll: silent(200) }, 'findings', ['poll-blocked']],
  ['polls cut', { idle: { wantedMs: 30_000, hold: silent(10_000) } }, 'findings', ['poll-cut']],
  ['silence cut at 10 s', { idle: { wantedMs: 30_000, socket: silent(10_000) } }, 'findings', ['idle-cut']],
  ['silence cut at 60 s', { idle: { wantedMs: 90_000, stream: silent(60_000) } }, 'good', ['idle-limit']],
  [
    'one of two cut before the heartbeat',
    { idle: { wantedMs: 90_000, socket: silent(60_000), stream: silent(9_000) } },
    'findings',
    ['idle-cut'],
  ],
  ['no POST', { posts: [{ ...refused, status: 405 }] }, 'findings', ['post-blocked']],
  ['large POSTs refused', { posts: [post, refused] }, 'findings', ['post-limited']],
  ['batches refused', { posts: [post, post, refused] }, 'good', ['batch-limited']],
  [
    'no room for a POST',
    { posts: [{ ...refused, status: 503, byServer: true }] },
    'findings',
    ['doctor-busy'],
  ],
  ['no Last-Event-ID', { headers: { lastEventId: false, query: true } }, 'findings', ['last-event-id-lost']],
  ['no query', { headers: { lastEventId: true, query: false } }, 'findings', ['query-lost']],
  [
    'another Host',
    { posts: [{ ...post, posted: { ...posted, origin: 'foreign' } }] },
    'findings',
    ['host-rewritten'],
  ],
  [
    'a list without this origin',
    { posts: [{ ...post, posted: { ...posted, origin: 'foreign', origins: 'list' } }] },
    'good',
    ['origin-not-listed'],
  ],
  [
    'six connections',
    { front: 'http/1.1', page: { eventSource: 'resumes', together: { asked: 8, atOnce: 6 }, cookie: true } },
    'good',
    ['six-connections'],
  ],
  [
    'a slow machine over HTTP/2',
    { page: { eventSource: 'resumes', together: { asked: 8, atOnce: 3 }, cookie: true } },
    'good',
    [],
  ],
  ['no HTTP/2', { from: 'command', page: undefined, front: 'http/1.1' }, 'good', ['six-connections']],
  [
    'no cookies',
    { page: { eventSource: 'resumes', together: { asked: 8, atOnce: 8 }, cookie: false } },
    'findings',
    ['cookie-lost'],
  ],
  [
    'an EventSource that forgets',
    { page: { eventSource: 'forgets', together: { asked: 8, atOnce: 8 }, cookie: true } },
    'findings',
    ['last-event-id-lost'],
  ],
  [
    'an EventSource that is blocked',
    { page: { eventSource: 'blocked', together: { asked: 8, atOnce: 8 }, cookie: true } },
    'findings',
    ['eventsource-blocked'],
  ],
]

describe('the verdict', () => {
  test.each(table)('of %s', (_what, changes, level, codes) => {
    const verdict = judge({ ...good, ...changes })
    expect({ level: verdict.level, codes: verdict.findings.map(({ code }) => code) }).toEqual({
      level,
      codes,
    })
    expect(verdict.sentence).toMatch(/^[A-Z].*[.]$/)
    for (const { seen } of verdict.findings) expect(seen).toMatch(/^[A-Z0-9].*\.$/)
  })

  test.each([
    [{}, 'All is well: WebSockets, event streams and long-polling all get through.'],
    [
      reached({ http: '1.0' }),
      'WebSockets, event streams and long-polling all get through. To mend: a proxy speaks HTTP/1.0 to the server.',
    ],
    [
      { ...reached({ http: '1.0' }, { skewMs: 99_000 }), posts: [{ ...refused, status: 405 }] },
      'WebSockets, event streams and long-polling all get through. To mend: nothing can be sent by POST, and 2 more below.',
    ],
    [
      { socket: { kind: 'refused', afterMs: 9, arrived: 'plain' } },
      'Live updates work here over event streams and long-polling. WebSockets do not: a proxy on the way turns the handshake into a plain request.',
    ],
    [
      {
        socket: { kind: 'swallowed', openMs: 9, waitedMs: 5_000 },
        stream: { kind: 'failed', reason: 'x' },
        poll: silent(9),
      },
      'Live updates do not get through to this server. WebSockets do not: they open, and what is said on them is swallowed on the way. Event streams do not: they are refused or ended on the way. Long-polling does not: its answers do not come.',
    ],
  ] as const)('is a sentence: %#', (changes, sentence) => {
    expect(judge({ ...good, ...changes } as Measurements).sentence).toBe(sentence)
  })

  test.each([
    [{}, 'websocket'],
    [{ socket: { kind: 'refused', afterMs: 9, arrived: 'plain' } }, 'sse'],
    [{ socket: undefined, ...delivered({ received: 3 }) }, 'poll'],
    [{ socket: undefined, ...delivered(held) }, 'poll'],
    [{ socket: undefined, stream: undefined, poll: undefined }, undefined],
  ] as const)('names the transport that the SDK takes: %#', (changes, transport) => {
    expect(judge({ ...good, ...changes } as Measurements).transport).toBe(transport)
  })

  test('puts what is grave first', () => {
    const { findings } = judge({ ...good, ...reached({ http: '1.0', address: 'private' }), poll: silent(9) })
    expect(findings.map(({ severity }) => severity)).toEqual(['problem', 'warning', 'note'])
  })
})

test('the report says everything and stays a table', () => {
  const so: Measurements = {
    ...good,
    socket: { kind: 'refused', afterMs: 9, arrived: 'plain' },
    stream: { kind: 'failed', reason: 'a | b' },
  }
  const text = markdown(so, judge(so), new Date(0))
  expect(text).toContain('https://app.example/wire, examined from a browser at 1970-01-01T00:00:00.000Z.')
  expect(text).toContain('### Event streams do not get through (`sse-blocked`, problem)')
  expect(text).toContain('| Event stream | a \\| b |')
  expect(text).toContain('    proxy_http_version 1.1;')
  expect(text).toContain(
    '`everwire proxy nginx` prints a whole configuration, which is tested; so it does for apache.',
  )
  expect(markdown(good, judge(good), new Date(0))).not.toContain('everwire proxy')
})

describe('proxies on the way', () => {
  test.each([
    [{}, [], []],
    [{ server: 'nginx/1.22.1' }, ['nginx/1.22.1'], ['nginx']],
    [{ server: 'openresty' }, ['openresty'], ['nginx']],
    [{ server: 'Apache/2.4.68 (Debian) OpenSSL/3.0.19' }, ['Apache/2.4.68'], ['apache']],
    [{ server: 'Apache-Coyote/1.1' }, ['Apache-Coyote/1.1'], []],
    [{ server: 'cloudflare', via: '1.1 varnish (Varnish/7.1)' }, ['cloudflare', 'Varnish/7.1'], ['varnish']],
    [
      { server: 'Caddy', via: '1.1 gw3.corp.example (squid/5.7), 1.1 Caddy' },
      ['Caddy', 'squid/5.7'],
      ['squid', 'caddy'],
    ],
    // What a machine is called is nobody's business.
    [{ via: '1.1 gw3.corp.example, 1.0 gw4:3128' }, [], []],
  ] as const)('of %j', (headers, shown, known) => {
    const found = shownBy(new Headers(headers))
    expect([found, knownAmong(found)]).toEqual([shown, known])
  })

  const stripped = { socket: { kind: 'refused', afterMs: 9, arrived: 'plain' } } as const
  const behind = (...shown: string[]): Measurements => ({ ...good, ...stripped, ...reached({}, { shown }) })
  const placesIn = ({ findings }: Verdict) => findings.flatMap(({ mend }) => mend.map(({ where }) => where))

  test('get their own lines, and are named in the table and the report', () => {
    const so = behind('nginx/1.22.1')
    const verdict = judge(so)
    expect(placesIn(verdict)).toEqual(['nginx'])
    const text = markdown(so, verdict, new Date(0))
    expect(text).toContain('| Proxies | nginx/1.22.1 |')
    expect(text).toContain(
      'nginx names itself on the way; docs/doctor.md has the lines for other proxies. `everwire proxy nginx` prints a whole configuration, which is tested.\n',
    )
    expect(whole(judge(behind('nginx', 'squid/5.7')))).toMatch(/^nginx and Squid name themselves on the way;/)
    expect(whole(judge(behind('squid/5.7')))).not.toContain('everwire proxy')
  })

  test('that cannot be what is to mend change nothing', () => {
    const all = placesIn(judge(behind()))
    expect(all).toEqual(['nginx', 'apache', 'varnish', 'squid'])
    expect(placesIn(judge(behind('Caddy')))).toEqual(all)
  })

  test('are those that the command prints configurations for', () => {
    expect([...printed].toSorted()).toEqual([...recommended.keys()].toSorted())
  })
})
