import { startsOf } from '../hub/start.ts'
import { channelName } from '../protocol/channel.ts'
import { EverwireError } from '../protocol/codes.ts'
import { isRecord } from '../protocol/json.ts'
import type { Start } from '../protocol/messages.ts'
import type { Principal } from '../session/guard.ts'
import { readJson } from './body.ts'
import type { Exchange } from './exchange.ts'
import { assertServing, type Kernel } from './kernel.ts'

/** What a stream or a poll asks for. */
export interface StreamRequest {
  readonly channels: readonly string[]
  /** One for each channel. */
  readonly starts: readonly Start[]
  /** Whether it goes on from a position, its own or a page's. */
  readonly resumes: boolean
  /** Parameters besides, as text. */
  readonly option: (name: string) => string | undefined
}

const postBytes = 256 * 1024
const maxLast = 10_000

/**
 * The request of `GET sse` and `GET poll` by its query, of the POST by its JSON body. `channels`: those that a route of
 * the application decided on. Throws what section 7 of PROTOCOL.md refuses for good.
 */
export function streamRequest(
  kernel: Kernel,
  exchange: Exchange,
  channels?: readonly string[],
): StreamRequest | Promise<StreamRequest> {
  if (exchange.method !== 'POST') return requestOf(kernel, exchange, byQuery(exchange.query), channels)
  return readJson(exchange, postBytes).then((body) => requestOf(kernel, exchange, byBody(body), channels))
}

function requestOf(
  kernel: Kernel,
  exchange: Exchange,
  asked: Asked,
  channels: readonly string[] | undefined,
): StreamRequest {
  const names = namesOf(channels ?? asked.channels, kernel.limits.channels)
  const header = exchange.headers['last-event-id']
  const resume = [header, asked.option('lastEventId')].find((id) => id !== undefined && id !== '')
  const starts =
    resume === undefined ? startsOf(names, asked.after, asked.last) : startsOf(names, [resume], undefined)
  const resumes = starts.some(({ after }) => after !== undefined && after !== 'now' && after !== 'earliest')
  return { channels: names, starts, resumes, option: asked.option }
}

/** One channel that is refused refuses the whole (PROTOCOL.md 7.6): the position would claim what was not sent. */
export function admitStream(
  kernel: Kernel,
  principal: Principal,
  channels: readonly string[],
): void | Promise<unknown> {
  assertServing(kernel)
  const [only] = channels
  if (only !== undefined && channels.length === 1) return kernel.guard.allow(principal, 'subscribe', only)
  return Promise.all(channels.map(async (channel) => kernel.guard.allow(principal, 'subscribe', channel)))
}

/** The starts of channels that a handshake names. */
export function askedStarts({ query }: Exchange, channels: readonly string[]): readonly Start[] {
  const { after, last } = byQuery(query)
  return channels.length === 0 ? [] : startsOf(channels, after, last)
}

interface Asked {
  readonly channels: readonly string[]
  readonly after: readonly string[]
  readonly last: number | undefined
  readonly option: (name: string) => string | undefined
}

function byQuery(query: URLSearchParams): Asked {
  const last = query.get('last')
  return {
    channels: query.getAll('channel'),
    after: query.getAll('after'),
    last: last === null ? undefined : lastOf(/^\d{1,5}$/.test(last) ? Number(last) : last),
    option: (name) => query.get(name) ?? undefined,
  }
}

function byBody(body: unknown): Asked {
  if (!isRecord(body)) throw new EverwireError('bad-message', 'the body is a JSON object: {"channels":[...]}')
  const { channels, after, last } = body
  return {
    channels: textsOf(channels, 'channels', 'bad-channel'),
    after:
      after === undefined
        ? []
        : typeof after === 'string'
          ? [after]
          : textsOf(after, 'after', 'bad-position'),
    last: last === undefined ? undefined : lastOf(last),
    option(name) {
      const value = body[name]
      return typeof value === 'string'
        ? value
        : typeof value === 'number'
          ? String(value)
          : value === true
            ? '1'
            : undefined
    },
  }
}

function textsOf(value: unknown, field: string, code: 'bad-channel' | 'bad-position'): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
  throw new EverwireError(code, `"${field}" takes an array of texts`)
}

function lastOf(last: unknown): number {
  if (typeof last === 'number' && Number.isSafeInteger(last) && last >= 0 && last <= maxLast) return last
  throw new EverwireError('bad-message', `"last" takes a whole number from 0 to ${maxLast}`)
}

function namesOf(asked: readonly string[], most: number): readonly string[] {
  if (asked.length === 0) throw new EverwireError('bad-channel', 'name at least one channel: ?channel=...')
  if (asked.length > most) {
    throw new EverwireError(
      'too-many-channels',
      `${asked.length} channels; at most ${most}: open several streams`,
    )
  }
  const names = asked.map(channelName)
  if (new Set(names).size < names.length) {
    throw new EverwireError('already-subscribed', 'a channel is named twice: name each once')
  }
  return names
}
