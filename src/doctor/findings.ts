import {
  allowed,
  encrypted,
  multiplexed,
  patient,
  roomy,
  sameHost,
  unbuffered,
  upgraded,
  type Mend,
} from './mend.ts'

/**
 * `problem`: something does not get through. `warning`: it works, and worse than it could. `note`: good to know; does not
 * change how the examination ends.
 */
export type Severity = 'problem' | 'warning' | 'note'

interface Entry {
  readonly severity: Severity
  /** As a headline. */
  readonly title: string
  /** Where it keeps a transport from working: why, after "WebSockets: ". */
  readonly because?: string
  /** What it means for those who use the application. */
  readonly users: string
  /** What the SDK does about it by itself. */
  readonly sdk: string
  readonly mend: readonly Mend[]
}

const fallsBack =
  'It takes an event stream instead, and long-polling where that does not get through either; nothing is lost, and it tries WebSockets again later.'

/** What an examination can find, by its stable code. docs/doctor.md has a section for each. */
export const entries = {
  unreachable: {
    severity: 'problem',
    title: 'Nothing answers at the address',
    users: 'They see no live updates, and probably not the application either.',
    sdk: 'It tries again until somebody answers, with longer and longer pauses up to 30 s.',
    mend: [
      { where: 'network', lines: ['check the address, DNS, the firewall, and whether the server runs'] },
    ],
  },
  'certificate-untrusted': {
    severity: 'problem',
    title: "The server's certificate is not trusted",
    users: 'A browser that does not trust it, either, shows a warning in place of the application.',
    sdk: 'It tries again, with longer and longer pauses up to 30 s, until the certificate is trusted.',
    mend: [
      {
        where: 'client',
        lines: [
          'NODE_EXTRA_CA_CERTS=FILE everwire doctor URL  # the certificate of who has signed it, in PEM',
        ],
      },
      {
        where: 'server',
        lines: ['a certificate of an authority that browsers know, for this name, with its whole chain'],
      },
      { where: 'network', lines: ['exempt the host from inspection of TLS'] },
    ],
  },
  'not-everwire': {
    severity: 'problem',
    title: 'Something else than Everwire answers',
    users: 'They see no live updates.',
    sdk: 'It gives up where the answer is a 4xx, and otherwise tries again.',
    mend: [
      {
        where: 'network',
        lines: [
          "check that the URL is the server's base path, that the proxy passes it on, and that no login page of the network stands before it",
        ],
      },
    ],
  },
  'doctor-off': {
    severity: 'problem',
    title: 'The server cannot be examined',
    users:
      'Nothing is known: the server is there, but its doctor is switched off, or it is of another version.',
    sdk: 'Nothing: the doctor has no part in what the application does.',
    mend: [{ where: 'everwire', lines: ['everwire({ doctor: true })  // the default'] }],
  },
  'doctor-busy': {
    severity: 'warning',
    title: 'The server had no room for the whole examination',
    users: 'Nothing: what could not be measured is left out here.',
    sdk: 'Nothing: the doctor has limits of its own.',
    mend: [{ where: 'server', lines: ['examine again in a minute'] }],
  },
  redirected: {
    severity: 'note',
    title: 'The address leads to another one',
    users: 'Nothing, as long as the application names the address at the end.',
    sdk: 'A WebSocket does not follow a redirect, so the SDK would do without: connect to the address at the end.',
    mend: [{ where: 'everwire', lines: ["connect('https://host.at.the.end/wire')"] }],
  },
  'upgrade-stripped': {
    severity: 'problem',
    title: 'A proxy removes the WebSocket upgrade',
    because: 'a proxy on the way turns the handshake into a plain request',
    users:
      'They get live updates by an event stream or long-polling, which costs the server and their batteries more.',
    sdk: fallsBack,
    mend: upgraded,
  },
  'upgrade-refused': {
    severity: 'problem',
    title: 'WebSockets are refused on the way',
    because: 'something on the way refuses the handshake',
    users:
      'They get live updates by an event stream or long-polling, which costs the server and their batteries more.',
    sdk: fallsBack,
    mend: [
      ...upgraded,
      { where: 'caddy', lines: ['# no "buffer_responses" in reverse_proxy'] },
      {
        where: 'network',
        lines: ['allow WebSockets (HTTP upgrade, or CONNECT) to the host in the firewall'],
      },
      encrypted,
    ],
  },
  'websocket-swallowed': {
    severity: 'problem',
    title: 'WebSockets open, and then nothing comes through',
    because: 'they open, and what is said on them is swallowed on the way',
    users:
      'They wait a few seconds longer for the first update, and then get them by an event stream or long-polling.',
    sdk: 'It counts a connection only when the server has spoken on it, so it gives up within seconds and takes an event stream instead.',
    mend: [{ where: 'network', lines: ['exempt the host from inspection of WebSocket traffic'] }, encrypted],
  },
  'websocket-cut': {
    severity: 'problem',
    title: 'WebSockets are cut soon after they open',
    because: 'they are cut on the way soon after they open',
    users: 'Updates stutter at first, and then come by an event stream or long-polling.',
    sdk: 'After the second cut it holds WebSockets off and takes an event stream; nothing is lost.',
    mend: [
      { where: 'nginx', lines: ['proxy_read_timeout 75s;', 'proxy_send_timeout 75s;'] },
      { where: 'haproxy', lines: ['timeout tunnel 75s'] },
      { where: 'network', lines: ['exempt the host from inspection of WebSocket traffic'] },
    ],
  },
  'websocket-large': {
    severity: 'warning',
    title: 'Large messages do not get through a WebSocket',
    users: 'Whatever sends or receives a large message is disconnected, and comes back.',
    sdk: 'It connects again and sends again; the same message will fail again.',
    mend: [
      { where: 'network', lines: ['raise the frame or message size of the WebSocket gateway to 128 kB'] },
    ],
  },
  'sse-blocked': {
    severity: 'problem',
    title: 'Event streams do not get through',
    because: 'they are refused or ended on the way',
    users: 'Nothing where WebSockets work; the others get live updates by long-polling.',
    sdk: 'Where it has no WebSocket it takes long-polling.',
    mend: allowed,
  },
  'sse-buffered': {
    severity: 'problem',
    title: 'Event streams are held back until they end',
    because: 'a proxy on the way holds them back until they end',
    users:
      'Nothing where WebSockets work; the others get live updates by long-polling, after a few seconds of waiting for the stream.',
    sdk: 'It notices that the first event does not come and takes long-polling; a plain EventSource would show nothing at all.',
    mend: unbuffered,
  },
  'sse-delayed': {
    severity: 'warning',
    title: 'Events of a stream come late and in clumps',
    users: 'Without WebSockets, updates come late by a noticeable moment.',
    sdk: 'Nothing: what comes late still comes in order and once.',
    mend: unbuffered,
  },
  'sse-lost': {
    severity: 'problem',
    title: 'Event streams are cut before their end',
    because: 'they are cut on the way after a moment',
    users: 'Nothing where WebSockets work; otherwise updates stutter.',
    sdk: 'It resumes every time from the last event it had, loses nothing, and takes long-polling when it happens again.',
    mend: allowed,
  },
  'compression-held': {
    severity: 'problem',
    title: 'Compression on the way holds event streams back',
    because: 'a proxy on the way compresses them and holds them back',
    users: 'Nothing where WebSockets work; the others get live updates by long-polling.',
    sdk: 'It notices that the first event does not come and takes long-polling.',
    mend: [
      {
        where: 'nginx',
        lines: ['gzip off;  # in the location of /wire, or keep text/event-stream out of gzip_types'],
      },
      { where: 'apache', lines: ['SetEnvIf Request_URI "^/wire/" no-gzip'] },
      {
        where: 'haproxy',
        lines: ['compression type text/html text/plain application/json  # without text/event-stream'],
      },
      {
        where: 'varnish',
        lines: [
          'sub vcl_backend_response { if (beresp.http.content-type ~ "event-stream") { set beresp.do_gzip = false; } }',
        ],
      },
    ],
  },
  'compression-added': {
    severity: 'note',
    title: 'A proxy compresses event streams, though they say no-transform',
    users: 'Nothing now: the events come at once.',
    sdk: 'Nothing.',
    mend: [
      { where: 'nginx', lines: ['gzip off;  # in the location of /wire, to be on the safe side'] },
      { where: 'apache', lines: ['SetEnvIf Request_URI "^/wire/" no-gzip'] },
    ],
  },
  'poll-blocked': {
    severity: 'problem',
    title: 'Long-polling does not get through',
    because: 'its answers do not come',
    users: 'Nothing where one of the other ways works.',
    sdk: 'It has one way less to turn to.',
    mend: [{ where: 'network', lines: ['let answers below the base path take a few seconds'] }],
  },
  'poll-cut': {
    severity: 'warning',
    title: 'Answers that take long are cut off',
    users:
      'Whoever has neither WebSockets nor event streams gets updates late, by polls that fail and are repeated.',
    sdk: 'It asks again after each cut and loses nothing; the server holds a poll for a heartbeat.',
    mend: [
      ...patient,
      {
        where: 'everwire',
        lines: ['heartbeatMs: 10_000  // less than the time after which the answer is cut'],
      },
    ],
  },
  'idle-cut': {
    severity: 'warning',
    title: 'Quiet connections are cut before the heartbeat comes',
    users: 'Live updates pause for a moment whenever nothing has happened for a while.',
    sdk: 'It connects again and resumes where it was; nothing is lost, but every client does it again and again.',
    mend: [
      ...patient,
      {
        where: 'everwire',
        lines: ['heartbeatMs: 10_000  // less than the time after which the connection is cut'],
      },
    ],
  },
  'idle-limit': {
    severity: 'note',
    title: 'Quiet connections are cut, but not before the heartbeat',
    users: 'Nothing: the heartbeat keeps connections alive, and no poll is held for longer.',
    sdk: 'Nothing. Keep `heartbeatMs` below that time.',
    mend: [],
  },
  'post-blocked': {
    severity: 'problem',
    title: 'Nothing can be sent by POST',
    users: 'They can send where WebSockets work; the others only receive.',
    sdk: 'What it cannot send it keeps, tries again, and reports as unknown in the end.',
    mend: [{ where: 'network', lines: ['allow POST with application/json below the base path'] }],
  },
  'post-limited': {
    severity: 'warning',
    title: 'A proxy refuses large messages',
    users: 'Large messages cannot be sent, except over a WebSocket.',
    sdk: 'It reports the refusal to the application; sending again would not help.',
    mend: roomy,
  },
  'batch-limited': {
    severity: 'note',
    title: 'A proxy refuses large batches',
    users: 'Nothing, but a moment more when much was written while offline.',
    sdk: 'It sends the messages of a refused batch one by one.',
    mend: roomy,
  },
  'last-event-id-lost': {
    severity: 'problem',
    title: 'The place to resume from is lost on the way',
    users: 'With a plain EventSource, what was published during a drop is missing after it.',
    sdk: 'Nothing to do: it names its place in the query, not in that header.',
    mend: [
      { where: 'network', lines: ['let the request header Last-Event-ID pass'] },
      { where: 'nginx', lines: ['proxy_pass_request_headers on;'] },
    ],
  },
  'query-lost': {
    severity: 'problem',
    title: 'The query of a request is changed on the way',
    users: 'Event streams and long-polling get no channels, or stale answers from a cache.',
    sdk: 'It is refused by the server over these transports, and stays with WebSockets where they work.',
    mend: [
      { where: 'nginx', lines: ['proxy_pass http://127.0.0.1:4000;  # no path and no query of its own'] },
      { where: 'network', lines: ['no cache for the base path'] },
    ],
  },
  'host-rewritten': {
    severity: 'problem',
    title: 'A proxy changes the Host, so pages look foreign',
    users: 'Pages of your own site are refused when they publish or open a WebSocket.',
    sdk: 'It turns to event streams, whose requests name no origin; what it sends is refused with `forbidden-origin`.',
    mend: sameHost,
  },
  'origin-not-listed': {
    severity: 'note',
    title: "Pages of this address are not on the server's list of origins",
    users: 'Nothing, unless the application is served from this very address.',
    sdk: 'It would be refused with `forbidden-origin`.',
    mend: [{ where: 'everwire', lines: ["origins: ['https://app.example', 'https://this.host']"] }],
  },
  'cookie-lost': {
    severity: 'warning',
    title: 'Cookies do not arrive',
    users: 'An application that knows its users by a cookie takes them for strangers.',
    sdk: 'Nothing: use a token instead (`connect(url, { token })`).',
    mend: [
      { where: 'varnish', lines: ['# no "unset req.http.cookie" for /wire'] },
      { where: 'network', lines: ['let the request header Cookie pass'] },
    ],
  },
  'eventsource-blocked': {
    severity: 'warning',
    title: "The browser's own EventSource does not get through",
    users: 'Pages that use a plain EventSource show nothing new.',
    sdk: 'Nothing: it reads event streams by itself.',
    mend: unbuffered,
  },
  'old-http': {
    severity: 'warning',
    title: 'A proxy speaks HTTP/1.0 to the server',
    users: 'Every request needs a connection of its own, and WebSockets cannot pass.',
    sdk: fallsBack,
    mend: [{ where: 'nginx', lines: ['proxy_http_version 1.1;'] }],
  },
  'six-connections': {
    severity: 'note',
    title: 'The browser allows six connections to this host',
    users: 'Where WebSockets do not work, the seventh tab with a stream of its own waits for ever.',
    sdk: 'It prefers WebSockets, which do not count among the six.',
    mend: multiplexed,
  },
  'not-encrypted': {
    severity: 'note',
    title: 'The connection is not encrypted',
    users: 'Devices on the way can read, change, buffer and cut it; WebSockets suffer first.',
    sdk: 'Nothing.',
    mend: [encrypted],
  },
  'clock-skew': {
    severity: 'warning',
    title: 'The clocks of server and client differ',
    users: 'Tokens may count as expired, or live too long; times of messages look wrong.',
    sdk: 'Nothing: order and resuming do not depend on clocks.',
    mend: [{ where: 'server', lines: ['timedatectl set-ntp true'] }],
  },
  'address-hidden': {
    severity: 'note',
    title: "The server sees a proxy's address instead of the client's",
    users: 'Nothing, unless the application decides by addresses: to it all users come from the same one.',
    sdk: 'Nothing.',
    mend: [
      { where: 'nginx', lines: ['proxy_set_header X-Forwarded-For $remote_addr;'] },
      { where: 'haproxy', lines: ['http-request set-header X-Forwarded-For %[src]'] },
      {
        where: 'apache',
        lines: ['ProxyAddHeaders Off', 'RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}'],
      },
      {
        where: 'everwire',
        lines: [
          "// in authenticate: request.headers['x-forwarded-for'], only behind a proxy that replaces what a client claims",
        ],
      },
    ],
  },
} as const satisfies Readonly<Record<string, Entry>>

export type FindingCode = keyof typeof entries

/** Something that an examination has found. */
export interface Finding extends Entry {
  readonly code: FindingCode
  /** What was measured, with figures. */
  readonly seen: string
}

export function finding(code: FindingCode, seen: string): Finding {
  return { code, ...entries[code], seen }
}
