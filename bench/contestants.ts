// Who is measured: how each is started, how one subscribes to it, and who publishes.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../src/protocol/version.ts'
import { millionPath } from './backlog.ts'
import { debian, lab, limitPath, npmPackages, root, versionOf, type Need } from './lab.ts'
import type { Work } from './works.ts'

export interface Contestant {
  readonly name: string
  readonly what: string
  /** Limits and switches that differ from its defaults, or that decide here. */
  readonly configured?: string
  readonly transport: 'ws' | 'sse' | 'poll' | 'socketio' | 'h2'
  readonly need?: Need
  /** Takes part only in works that name it. */
  readonly special?: true
  /** The command that serves on `port`; what it needs to publish itself comes in the environment. */
  command(port: number, work: Work): readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** How the generator subscribes and, for those that do not publish themselves, how it publishes. */
  load(port: number, work: Work): readonly string[]
  readonly publishesItself: boolean
}

const node = process.execPath
const ours = (file: string) => join(root, 'bench', 'servers', `${file}.ts`)

/** How a subscriber of ours comes to its channel; the generator puts its number for {i}. */
function wire(transport: 'ws' | 'sse' | 'poll', { channels }: Work): readonly string[] {
  const channel = channels > 1 ? 'c{i}' : 'm'
  if (transport === 'sse') return [`--path=/wire/sse?channel=${channel}`, '--ready=event: connected']
  if (transport === 'poll') return [`--path=/wire/poll?channel=${channel}&wait=60`]
  return [
    '--path=/wire/ws',
    `--send={"type":"subscribe","channel":"${channel}"}`,
    '--ready="type":"subscribed"',
  ]
}

function library(transport: 'ws' | 'sse' | 'poll'): Contestant {
  return {
    name: `own-${transport}`,
    what: 'Everwire as a library, publishing in its process',
    configured: 'defaults: memory, 10,000 messages kept, 64 KiB unsent per socket',
    transport,
    command: () => [node, ours('own')],
    load: (_port, work) => wire(transport, work),
    publishesItself: true,
  }
}

const deflated: Contestant = {
  ...library('ws'),
  name: 'own-ws-deflate',
  what: 'Everwire as a library with compression: a message is compressed once for all',
  special: true,
  configured: 'compression: true',
  env: { COMPRESSION: '1' },
  load: (_port, work) => ['--deflate', ...wire('ws', work)],
}

const http2: Contestant = {
  ...library('sse'),
  name: 'own-h2',
  what: 'Everwire as a library on HTTP/2: 100 event streams to a connection',
  transport: 'h2',
  special: true,
  env: { HTTP2: '1' },
  load: (_port, work) => ['--streams=100', ...wire('sse', work)],
}

/** `own` reads a store; what it says about its event loop comes on the signals. */
function history(name: 'own' | 'bare', what: string): Contestant {
  return {
    name: `${name}-history`,
    what,
    transport: 'ws',
    special: true,
    env: { STORE: millionPath },
    command: () => [node, ours(name === 'own' ? 'own' : 'bare-history')],
    load: () => ['--path=/wire/ws', '--send=', '--signal'],
    publishesItself: true,
  }
}

function durable(name: 'own' | 'log' | 'same' | 'bare', what: string): Contestant {
  return {
    name: `${name}-durable`,
    what,
    transport: 'ws',
    special: true,
    command: () => [node, ours('durable'), name],
    load: () => [],
    publishesItself: true,
  }
}

function standAlone(transport: 'ws' | 'sse' | 'poll'): Contestant {
  return {
    name: `serve-${transport}`,
    what: '`everwire serve --dev`, published to over HTTP',
    configured: 'defaults: memory, 10,000 messages kept, 64 KiB unsent per socket',
    transport,
    command: (port) => [node, join(root, 'src/cli/main.ts'), 'serve', '--dev', '--port', String(port)],
    load: (_port, work) => [
      ...wire(transport, work),
      '--publish-path=/wire/publish',
      '--publish-body={"channel":"m","data":{}}',
      ...(work.burst > 1 ? ['--publish-array'] : []),
    ],
    publishesItself: false,
  }
}

function limit(transport: 'ws' | 'sse'): Contestant {
  return {
    name: `limit-${transport}`,
    what: 'C and epoll: one write of ready bytes per subscriber and turn',
    configured: 'keeps nothing',
    transport,
    command: () => [limitPath],
    load: () => [],
    publishesItself: true,
  }
}

/** Not a product: what Node's own interfaces cost when there is nothing besides. */
function floor(transport: 'ws' | 'sse'): Contestant {
  return {
    name: `node-${transport}`,
    what: `node:http without anything: one write of ready ${transport === 'ws' ? 'frames' : 'chunks'} per subscriber and turn`,
    configured: 'no product: keeps nothing, reads nothing',
    transport,
    command: () => [node, ours(`node-${transport}`)],
    load: (_port, { channels }) => [`--path=/${channels > 1 ? 'c{i}' : 'm'}`],
    publishesItself: true,
  }
}

function script(
  name: string,
  transport: Contestant['transport'],
  what: string,
  configured: string,
  path = '/',
): Contestant {
  const program = name.startsWith('bun-') ? join(lab, 'node_modules/bun/bin/bun.exe') : node
  return {
    name,
    what,
    configured,
    transport,
    need: 'npm',
    command: () => [program, join(lab, 'servers', `${name}.mjs`)],
    load: () => [`--path=${path}`],
    publishesItself: true,
  }
}

function nchan(transport: 'ws' | 'sse'): Contestant {
  return {
    name: `nchan-${transport}`,
    what: 'nginx with nchan, one worker, published to over HTTP',
    configured: 'buffer of 100 messages, 256 MB of shared memory',
    transport,
    need: 'debian',
    command(port) {
      const home = join(lab, 'nchan')
      mkdirSync(join(home, 'logs'), { recursive: true })
      writeFileSync(join(home, 'nginx.conf'), nginxConf(port))
      // With nchan, Debian's nginx insists on folders in /var/lib/nginx; in a mount namespace of its own it may have them.
      const inside = 'mount -t tmpfs none /var/lib && mkdir /var/lib/nginx && exec "$0" "$@"'
      const nginx = [debian('usr/sbin/nginx'), '-p', home, '-c', 'nginx.conf', '-e', 'logs/error.log']
      return ['unshare', '-m', 'sh', '-c', inside, ...nginx]
    },
    load: () => ['--path=/sub', '--publish-path=/pub'],
    publishesItself: false,
  }
}

const nginxConf = (port: number) => `
load_module ${debian('usr/lib/nginx/modules/ngx_nchan_module.so')};
user root;
worker_processes 1;
worker_rlimit_nofile 19000;
daemon off;
pid logs/nginx.pid;
error_log logs/error.log crit;
events { worker_connections 19000; multi_accept on; }
http {
  access_log off;
  client_body_temp_path logs; proxy_temp_path logs; fastcgi_temp_path logs; uwsgi_temp_path logs; scgi_temp_path logs;
  client_body_buffer_size 64k;
  keepalive_requests 100000000;
  tcp_nodelay on;
  nchan_shared_memory_size 256m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /sub {
      nchan_subscriber websocket eventsource;
      nchan_channel_id m;
      nchan_message_buffer_length 100;
      nchan_subscriber_first_message newest;
    }
    location = /pub {
      nchan_publisher http;
      nchan_channel_id m;
      nchan_message_buffer_length 100;
      nchan_message_timeout 1m;
    }
  }
}
`

const natsHello = 'CONNECT {"verbose":false,"pedantic":false}\\r\\n'

const nats: Contestant = {
  name: 'nats-ws',
  what: 'nats-server over WebSocket, published to over TCP',
  configured:
    'GOMAXPROCS=1, no JetStream, max_pending 256 MB, write_deadline 30 s, at most 20 messages ahead',
  transport: 'ws',
  need: 'debian',
  env: { GOMAXPROCS: '1' },
  command(port) {
    const conf = join(lab, 'nats.conf')
    // The publisher's port is the next one; a run begins with a pair that is free.
    writeFileSync(
      conf,
      `listen: "127.0.0.1:${port + 1}"\nmax_connections: 19000\nmax_pending: 256MB\nwrite_deadline: "30s"\n` +
        `websocket { listen: "127.0.0.1:${port}", no_tls: true, compression: false }\n`,
    )
    return [debian('usr/sbin/nats-server'), '-c', conf, '-l', join(lab, 'nats.log')]
  },
  load: (port) => [
    '--binary',
    `--send=${natsHello}SUB m 1\\r\\nPING\\r\\n`,
    '--ready=PONG',
    `--publish-port=${port + 1}`,
    '--publish-path=/',
    '--publish-line',
    `--publish-hello=${natsHello}`,
  ],
  publishesItself: false,
}

export const contestants: readonly Contestant[] = [
  limit('ws'),
  floor('ws'),
  library('ws'),
  standAlone('ws'),
  script(
    'ws-tuned',
    'ws',
    'ws, each message encoded once, nothing tracked',
    'no compression, clientTracking and UTF-8 validation off',
  ),
  script('ws-hand', 'ws', 'ws, JSON.stringify and send for each client', 'defaults'),
  script('socketio', 'socketio', 'Socket.IO', 'WebSocket only', '/socket.io/?EIO=4&transport=websocket'),
  script('bun-ws', 'ws', 'Bun, server.publish', 'no compression, backpressureLimit 64 MB'),
  nchan('ws'),
  nats,
  limit('sse'),
  floor('sse'),
  library('sse'),
  standAlone('sse'),
  script('express-sse', 'sse', 'Express, response.write for each client', 'defaults'),
  script('better-sse', 'sse', "better-sse's channel on Express", 'defaults'),
  script('bun-sse', 'sse', 'Bun, a ReadableStream for each client', 'no idleTimeout'),
  nchan('sse'),
  library('poll'),
  standAlone('poll'),
  deflated,
  http2,
  {
    ...script(
      'ws-deflate',
      'ws',
      'ws with permessage-deflate: compressed for each client',
      'no context takeover, no threshold',
    ),
    special: true,
    load: () => ['--deflate'],
  },
  history('own', 'Everwire as a library on SQLite'),
  history('bare', 'pages of the same store, encoded and written to the socket, by a loop'),
  durable('own', 'wire.publish on SQLite'),
  durable('log', 'the log beneath it'),
  durable(
    'same',
    'a thread that only groups inserts into commits, of the rows and indexes of the store, and trims as it does',
  ),
  durable(
    'bare',
    'a thread that only groups inserts into commits, into a table of five columns without an index; nothing is removed',
  ),
]

/** Which commit this is, and whether what runs is what it holds. */
function commit(): string {
  const git = (...args: string[]) => versionOf('git', ['-C', root, ...args])
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src', 'bench') ? ', changed' : ''}`
}

/** Versions of everything that takes part. */
export function versions(there: ReadonlySet<Need>): readonly string[] {
  return [
    `Everwire ${version} (${commit()})`,
    `Node ${process.versions.node}`,
    ...(there.has('npm') ? Object.entries(npmPackages).map(([name, version]) => `${name} ${version}`) : []),
    ...(there.has('debian')
      ? [
          versionOf(debian('usr/sbin/nginx'), ['-v']),
          versionOf(debian('usr/sbin/nats-server'), ['--version']),
        ]
      : []),
  ]
}
