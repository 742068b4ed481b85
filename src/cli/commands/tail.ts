import type { ParsedArgs } from 'citty'
import { type TransportName, connect } from '../../client/index.ts'
import { parseVector } from '../../protocol/position.ts'
import { type Manual, command } from '../command.ts'
import { type ExitCode, usage } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { interrupted } from '../signals.ts'
import { Tail } from '../tail.ts'
import { checkChannel, checkReachable, serverArgs, serverToken, serverUrl } from '../target.ts'
import { Terminal } from '../terminal.ts'

const args = {
  ...serverArgs,
  transport: {
    type: 'string',
    valueHint: 'NAME',
    description: 'auto, websocket, sse or poll (default auto: the first that gets through)',
  },
  since: {
    type: 'string',
    valueHint: 'POSITION',
    description: 'begin after a position, at "earliest" or "now" (default now)',
  },
  last: { type: 'string', valueHint: 'N', description: 'begin this many messages back' },
  count: { type: 'string', valueHint: 'N', description: 'end after this many messages' },
  json: { type: 'boolean', description: 'one JSON object a line, for scripts' },
} as const

const manual: Manual = {
  name: 'tail',
  summary: 'print messages as they come',
  operands: 'CHANNEL...',
  description: [
    'Prints every message of the channels, in order and once, until it is interrupted. After a drop it goes on where',
    'it was. Messages go to standard output; states, gaps and the position to go on from go to standard error.',
  ],
  examples: [
    ['everwire tail pets/123 news', 'what comes from now on'],
    ['everwire tail news --last 10', 'the last ten messages, and what comes'],
    ['everwire tail news --since earliest --count 1 --json | jq .data', 'the oldest message, in a script'],
    ['everwire tail news --since 1042-k3v9x0q2mzpa', 'from where an earlier tail has ended'],
    ['everwire tail news --transport poll', 'over long-polling, whatever else would get through'],
  ],
}

export const tailCommand = command(manual, args, tail)

async function tail(given: ParsedArgs<typeof args>): Promise<ExitCode> {
  const terminal = new Terminal(given.json === true)
  const channels = [...new Set(given._)]
  if (channels.length === 0) throw usage('tail needs a channel: everwire tail CHANNEL...')
  for (const channel of channels) checkChannel(channel)
  const url = serverUrl(given.url)
  const token = serverToken(given.token)
  const transports = transportsOf(given.transport)
  const start = startOf(given.since, given.last)
  const count = wholeNumber(given.count, '--count', 1, Number.MAX_SAFE_INTEGER)

  const stopped = interrupted()
  await checkReachable(url)
  const wire = connect(url.href, { transports, ...(token === undefined ? {} : { token }) })
  return new Tail(wire, { channels, start, count }, terminal).run(stopped)
}

const known: Readonly<Record<string, readonly TransportName[]>> = {
  auto: ['websocket', 'sse', 'poll'],
  websocket: ['websocket'],
  sse: ['sse'],
  poll: ['poll'],
}

function transportsOf(name = 'auto'): readonly TransportName[] {
  const found = Object.hasOwn(known, name) ? known[name] : undefined
  if (found) return found
  throw usage(`--transport takes auto, websocket, sse or poll; it is given "${name}".`)
}

function startOf(since: string | undefined, last: string | undefined) {
  if (since !== undefined && last !== undefined) throw usage('--since and --last exclude each other.')
  const back = wholeNumber(last, '--last', 0, 10_000)
  if (back !== undefined) return { last: back }
  if (since === undefined) return {}
  if (since !== 'earliest' && since !== 'now' && !parseVector(since))
    throw usage(`--since takes a position, "earliest" or "now"; it is given "${since}".`)
  return { after: since }
}
