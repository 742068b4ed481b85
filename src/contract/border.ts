import { PatternMap } from '../protocol/channel.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Issue, Schema } from './schema.ts'
import type { ChannelContract, Contract } from './types.ts'

type Checked = unknown | Promise<unknown>

/**
 * What the application's contract says of data that crosses the server's border; a server without a contract lets
 * all data pass. Each answers the data as it is to travel on: validated, perhaps transformed. They answer at once
 * where the schema does: a promise costs a turn.
 */
export interface Border {
  /** Throws `bad-payload`, also for an event that the channel does not have. */
  publication(channel: string, event: string, data: unknown): Checked
  /** Throws `bad-payload`, and `no-handler` for a request that the channel does not have. */
  request(channel: string, event: string, data: unknown): Checked
  /** What the application answers to a request. Throws `handler-failed`, with a `bad-payload` as its cause. */
  response(channel: string, event: string, data: unknown): Checked
  /** What a member shows of itself. Throws `bad-payload`. */
  presence(channel: string, data: unknown): Checked
}

/** The border that a contract draws. A channel that no pattern matches carries nothing. */
export class ContractBorder implements Border {
  readonly #channels: PatternMap<ChannelContract>

  constructor(contract: Contract) {
    this.#channels = new PatternMap(Object.entries(contract))
  }

  publication(channel: string, event: string, data: unknown): Checked {
    const events = this.#of(channel)?.events ?? {}
    const schema = own(events, event)
    if (!schema) throw new EverwireError('bad-payload', missing(channel, 'event', event, events))
    return check(schema, data, `${channel} ${event}`)
  }

  request(channel: string, event: string, data: unknown): Checked {
    const requests = this.#of(channel)?.requests ?? {}
    const request = own(requests, event)
    if (!request) throw new EverwireError('no-handler', missing(channel, 'request', event, requests))
    return check(request.input, data, `${channel} ${event}`)
  }

  response(channel: string, event: string, data: unknown): Checked {
    const request = own(this.#of(channel)?.requests ?? {}, event)
    // A handler for what the contract does not know is never asked: `request` has refused.
    if (!request) return data
    try {
      const checked = check(request.output, data, `the answer to ${channel} ${event}`)
      return checked instanceof Promise
        ? checked.catch((error: unknown) => answerMisfits(channel, event, error))
        : checked
    } catch (error) {
      return answerMisfits(channel, event, error)
    }
  }

  presence(channel: string, data: unknown): Checked {
    const schema = this.#of(channel)?.presence
    if (schema) return check(schema, data, `presence in ${channel}`)
    if (data === undefined || data === null) return data
    throw new EverwireError(
      'bad-payload',
      `the contract declares no presence data for ${channel}: enter without data`,
    )
  }

  #of(channel: string): ChannelContract | undefined {
    return this.#channels.match(channel)?.value
  }
}

function check(schema: Schema, data: unknown, what: string): Checked {
  const result = schema['~standard'].validate(data)
  return result instanceof Promise ? result.then((settled) => valueOf(settled, what)) : valueOf(result, what)
}

function valueOf(
  result: { readonly issues?: readonly Issue[] | undefined; readonly value?: unknown },
  what: string,
): unknown {
  if (!result.issues) return result.value
  throw new EverwireError('bad-payload', `${what} does not fit the contract: ${describe(result.issues)}`)
}

// Which fault it was is for the application's log; the requester cannot mend it.
function answerMisfits(channel: string, event: string, cause: unknown): never {
  throw new EverwireError(
    'handler-failed',
    `the application's answer to ${event} on ${channel} does not fit its contract`,
    { cause },
  )
}

function missing(channel: string, kind: 'event' | 'request', name: string, known: object): string {
  const names = Object.keys(known)
  const has = names.length === 0 ? `no ${kind}s` : `the ${kind}s ${names.join(', ')}`
  return `the contract has no ${kind} ${JSON.stringify(name)} for ${channel}; it has ${has} there`
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

const shownIssues = 8

function describe(issues: readonly Issue[]): string {
  const shown = issues.slice(0, shownIssues).map((issue) => {
    const path = pathText(issue)
    const message = issue.message.slice(0, 200)
    return path === '' ? message : `${path}: ${message}`
  })
  if (issues.length > shownIssues) shown.push(`and ${issues.length - shownIssues} more`)
  return shown.length === 0 ? 'its schema refuses it' : shown.join('; ')
}

/** `items[0].name`; empty for the data as a whole. */
function pathText(issue: Issue): string {
  let text = ''
  for (const segment of issue.path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment
    if (typeof key === 'number') text += `[${key}]`
    else text += `${text === '' ? '' : '.'}${String(key).slice(0, 80)}`
  }
  return text
}
