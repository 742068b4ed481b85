import type { ParsedArgs } from 'citty'
import { type Plan, planOf } from '../bench/plan.ts'
import type { Watched } from '../bench/server-process.ts'
import { type Manual, command } from '../command.ts'
import { type ExitCode, Failure, exit, usage } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { interrupted } from '../signals.ts'
import { serverArgs, serverToken, serverUrl } from '../target.ts'
import { Terminal } from '../terminal.ts'

const args = {
  ...serverArgs,
  clients: { type: 'string', valueHint: 'N', description: 'subscribers (default 100, at most 10000)' },
  rate: { type: 'string', valueHint: 'N', description: 'publishes a second (default 10)' },
  seconds: { type: 'string', valueHint: 'N', description: 'how long to publish (default 10)' },
  mix: {
    type: 'string',
    valueHint: 'SHARES',
    description: 'transports of the subscribers (default websocket=50,sse=30,poll=20)',
  },
  transport: { type: 'string', valueHint: 'NAME', description: 'all of them over websocket, sse or poll' },
  channel: { type: 'string', valueHint: 'NAME', description: 'where to publish (default bench)' },
  channels: {
    type: 'string',
    valueHint: 'N',
    description: 'so many channels, NAME/1 to NAME/N; each subscriber follows one',
  },
  size: { type: 'string', valueHint: 'BYTES', description: "of a message's data (default 128)" },
  drop: {
    type: 'string',
    valueHint: 'SHARE',
    description: 'cut this share of the connections each second, like 5%',
  },
  seed: { type: 'string', valueHint: 'N', description: 'decides which are cut (default: a new one)' },
  'server-pid': {
    type: 'string',
    valueHint: 'PID',
    description: 'whose memory and CPU to show (default: who listens there, if here)',
  },
  json: { type: 'boolean', description: 'the result in one JSON object, for scripts' },
} as const

const manual: Manual = {
  name: 'bench',
  summary: 'measure a server: delivery, times, bytes, and what a drop does',
  operands: '[URL]',
  description: [
    'Publishes at a steady rate to subscribers over every transport, and tells what came of it: whether anything',
    'was lost, doubled or out of order, how long connecting and delivery took, and what went over the wire.',
    'The messages stay in the channel for as long as its rule keeps them. Ctrl-C ends early, with the result so far.',
  ],
  examples: [
    ['everwire bench', 'a server on this machine: 100 clients, 10 messages a second'],
    ['everwire bench https://example.com/wire --token $TOKEN --channel load/test', 'a deployment, from here'],
    ['everwire bench --clients 1000 --rate 50 --mix websocket=90,poll=10', 'more of it'],
    ['everwire bench --drop 5% --seconds 60', 'with connections that break, and have to resume'],
  ],
  sections: [
    [
      'What is counted',
      [
        'lost          acknowledged, and not delivered to a connected subscriber 5 s after anything last came',
        'doubled       delivered again to the same subscriber',
        'out of order  delivered, or put into the log, behind a later one',
        'gaps told     the server said itself that messages are missing; those are not counted as lost',
        'connect       from dialling until the server serves the channel',
        'delivery      from when a message was due to be published until a connected subscriber has it',
        "bytes         of the subscribers' sockets (within TLS): data, what the protocol puts around it, framing",
        '',
        'It ends with 0 when nothing was lost, doubled or out of order and every client was served, otherwise with 1.',
      ],
    ],
  ],
}

export const benchCommand = command(manual, args, run)

async function run(given: ParsedArgs<typeof args>): Promise<ExitCode> {
  const terminal = new Terminal(given.json === true)
  const [operand, more] = given._
  if (more !== undefined) throw usage(`bench takes one URL; "${more}" is too much.`)
  if (operand !== undefined && given.url !== undefined)
    throw usage('The URL is given twice: with --url and without.')
  const url = serverUrl(operand ?? given.url)
  const plan = planOf(given, { base: url.href, token: serverToken(given.token) })
  const pid = wholeNumber(given['server-pid'], '--server-pid', 1, 2 ** 22)

  // Loaded here, because the other commands need no load and are to start at once.
  const { bench } = await import('../bench/bench.ts')
  const { tableOf } = await import('../bench/table.ts')
  const stop = new AbortController()
  void interrupted().then(() => stop.abort())
  const watched = await watch(url, pid)
  terminal.note({ type: 'plan', ...plan, token: undefined }, () => planText(plan, terminal))
  const result = await bench(plan, watched, terminal, stop.signal)
  if (!result) return exit.interrupted
  terminal.result(result, () => tableOf(result, (style, text) => terminal.style(style, text)))
  if (!result.ok) return exit.failed
  return result.interrupted ? exit.interrupted : exit.ok
}

async function watch(url: URL, pid: number | undefined): Promise<Watched | undefined> {
  const { listenersOf, metrics, processes } = await import('../bench/server-process.ts')
  if (pid === undefined) return (await processes(await listenersOf(url))) ?? (await metrics(url))
  const watched = await processes([pid])
  if (watched) return watched
  throw new Failure(`There is no process ${pid} here whose memory this user may see.`, exit.usage)
}

function planText({ base, clients, rate, seconds, size, channels, drop }: Plan, terminal: Terminal): string {
  const mix = Object.entries(clients)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
  const [first = ''] = channels
  const where = channels.length === 1 ? first : `${channels.length} channels, ${first} and on`
  return [
    `${terminal.noteStyle('cyan', base)}  ${where}`,
    `${mix}; ${rate} publishes/s of ${size} B for ${seconds} s${drop > 0 ? `; ${drop * 100} % cut each second` : ''}`,
  ].join('\n')
}
