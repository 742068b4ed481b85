import { text } from 'node:stream/consumers'
import type { ParsedArgs } from 'citty'
import { EverwireError } from '../../protocol/codes.ts'
import { isRecord, parseJson } from '../../protocol/json.ts'
import { type Manual, command } from '../command.ts'
import { Failure, exit, usage } from '../failure.ts'
import { Terminal } from '../terminal.ts'
import { checkChannel, serverArgs, serverToken, serverUrl, unreachable } from '../target.ts'

const answerMs = 30_000

const args = {
  ...serverArgs,
  key: {
    type: 'string',
    valueHint: 'KEY',
    description: 'publish once: the same key again publishes nothing (default: a new one)',
  },
  slot: {
    type: 'string',
    valueHint: 'SLOT',
    description: 'which value this replaces, in a channel that keeps the latest',
  },
  json: { type: 'boolean', description: 'answer in one JSON object, for scripts' },
} as const

const manual: Manual = {
  name: 'publish',
  summary: 'publish one message to a channel',
  operands: 'CHANNEL [EVENT] DATA',
  description: [
    'Publishes one message and waits until the server has it.',
    'DATA is JSON, or else plain text; "-" reads it from standard input. EVENT is "message" unless given.',
  ],
  examples: [
    [`everwire publish pets/123 statusChanged '{"status":"ADOPTED"}'`, 'an event with JSON'],
    ['everwire publish news "The shelter opens at nine"', 'plain text'],
    ['git log -1 --format=%s | everwire publish builds started -', 'from another program'],
    ['everwire publish orders placed @7 --key order-7', 'once, however often it is run'],
  ],
}

export const publishCommand = command(manual, args, publish)

async function publish(given: ParsedArgs<typeof args>): Promise<void> {
  const terminal = new Terminal(given.json === true)
  const url = serverUrl(given.url)
  const { channel, event, data } = await operands(given._)
  const key = given.key ?? crypto.randomUUID()
  const body = { channel, event, data, key, ...(given.slot === undefined ? {} : { slot: given.slot }) }
  const { id, duplicate } = await post(url, serverToken(given.token), body)
  terminal.result({ channel, event, ...(id === undefined ? {} : { id }), duplicate, key }, () => {
    const what = `${channel} ${terminal.style('cyan', event)}`
    const where = id === undefined ? terminal.style('dim', 'signal') : terminal.style('dim', id)
    return duplicate
      ? `${terminal.style('yellow', 'already published')} ${what} ${where}`
      : `${terminal.style('green', 'published')} ${what} ${where}`
  })
}

interface Operands {
  readonly channel: string
  readonly event: string
  readonly data: unknown
}

async function operands(given: readonly string[]): Promise<Operands> {
  const [channel, second, third, more] = given
  if (channel === undefined || second === undefined)
    throw usage('publish needs a channel and data: everwire publish CHANNEL [EVENT] DATA')
  if (more !== undefined)
    throw usage(`publish takes CHANNEL [EVENT] DATA; "${more}" is too much. Put data with spaces in quotes.`)
  checkChannel(channel)
  const [event, data] = third === undefined ? ['message', second] : [second, third]
  return { channel, event, data: jsonOrText(data === '-' ? await input() : data) }
}

async function input(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Reading the data from the terminal; end it with Ctrl-D.\n')
  // The line end belongs to the line, not to the data.
  return (await text(process.stdin)).replace(/\r?\n$/, '')
}

function jsonOrText(data: string): unknown {
  try {
    return parseJson(data)
  } catch (error) {
    if (error instanceof EverwireError && error.code === 'bad-json') return data
    throw usage(`DATA cannot be sent: ${error instanceof Error ? error.message : String(error)}`)
  }
}

interface Answer {
  readonly id: string | undefined
  readonly duplicate: boolean
}

async function post(url: URL, token: string | undefined, body: { readonly key: string }): Promise<Answer> {
  const again = `It may have been published. To publish it once, run this again with --key ${body.key}`
  let response: Response
  let answer: unknown
  try {
    response = await fetch(`${url.href}/publish`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerMs),
    })
    answer = await response.json().catch(() => undefined)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError')
      throw new Failure(`${url.origin} gave no answer in ${answerMs / 1000} s. ${again}`, exit.unreachable)
    throw unreachable(url, error)
  }
  if (response.ok && isRecord(answer)) {
    const { id, duplicate } = answer
    return { id: typeof id === 'string' ? id : undefined, duplicate: duplicate === true }
  }
  throw refusal(url, response.status, answer)
}

function refusal(url: URL, status: number, answer: unknown): Failure {
  const error = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : undefined
  const code = error?.['code']
  const message = error?.['message']
  if (typeof code === 'string' && typeof message === 'string')
    return new Failure(`The server refuses it: ${message}`, exit.failed, { code })
  return new Failure(
    `${url.href} answers ${status}, but not as Everwire does. Does --url name the server's base path?`,
    exit.failed,
  )
}
