import { channelName } from './channel.ts'
import { EverwireError } from './codes.ts'
import { fromBase64 } from './binary.ts'
import { isRecord } from './json.ts'
import type { ClientMessage, PresenceMessage, Publication, Ref, RequestMessage, Start } from './messages.ts'

/**
 * Reads what a client said: the border at which `unknown` becomes a type. Every function throws an
 * EverwireError whose message names the field and says what belongs there. Unknown fields are ignored, so
 * that newer clients can talk to older servers.
 */
export function decodeClientMessage(value: unknown): ClientMessage {
  if (!isRecord(value)) throw new EverwireError('bad-message', 'a message is a JSON object with a "type"')
  const type = value['type']
  switch (type) {
    case 'subscribe':
      return { type, channel: channelName(value['channel']), ...decodeStart(value), ...decodeRef(value) }
    case 'unsubscribe':
      return { type, channel: channelName(value['channel']), ...decodeRef(value) }
    case 'publish':
      return { type, ...decodePublication(value), ...decodeRef(value), ...decodeBehind(value) }
    case 'request':
      return decodeRequest(value)
    case 'presence':
      return decodePresence(value)
    case 'auth':
      return { type, token: text(value, 'token', 8_192), ...decodeRef(value) }
    case 'ping':
      return { type, ...decodeRef(value) }
    default:
      throw new EverwireError(
        'unknown-type',
        `"type" is ${show(type)}; known are subscribe, unsubscribe, publish, request, presence, auth and ping`,
      )
  }
}

/** The body of a publish; bytes come as base64 with `"encoding":"base64"`, or as a Uint8Array from a binary frame. */
export function decodePublication(value: unknown): Publication {
  if (!isRecord(value))
    throw new EverwireError('bad-message', 'a publish is a JSON object: {"channel","data"}')
  const channel = channelName(value['channel'])
  const removed = value['removed'] === true
  if (!removed && value['data'] === undefined) {
    throw new EverwireError('bad-message', 'a publish needs "data": any JSON value')
  }
  return {
    channel,
    data: removed ? null : decodeData(value),
    event: value['event'] === undefined ? undefined : eventName(value),
    key: value['key'] === undefined ? undefined : text(value, 'key', 256),
    slot: value['slot'] === undefined ? undefined : text(value, 'slot', 255),
    removed,
  }
}

export function decodeRequest(value: unknown): RequestMessage {
  if (!isRecord(value))
    throw new EverwireError('bad-message', 'a request is a JSON object: {"channel","event","data"}')
  const { ref } = decodeRef(value)
  const data = value['data'] === undefined ? null : decodeData(value)
  return {
    type: 'request',
    channel: channelName(value['channel']),
    event: eventName(value),
    data,
    ref: ref ?? 0,
  }
}

export function decodePresence(value: unknown): PresenceMessage {
  if (!isRecord(value))
    throw new EverwireError('bad-message', 'a presence is a JSON object: {"channel","action"}')
  const action = value['action']
  if (action !== 'enter' && action !== 'update' && action !== 'leave') {
    throw new EverwireError('bad-message', `"action" is ${show(action)}; known are enter, update and leave`)
  }
  const data = value['data'] === undefined ? {} : { data: value['data'] }
  return { type: 'presence', channel: channelName(value['channel']), action, ...data, ...decodeRef(value) }
}

/** `after` or `last`; neither means now. The position itself is judged by the log. */
export function decodeStart(value: Readonly<Record<string, unknown>>): Start {
  const { after, last } = value
  if (after !== undefined && last !== undefined) {
    throw new EverwireError('bad-message', '"after" and "last" exclude each other')
  }
  if (last !== undefined) {
    if (typeof last !== 'number' || !Number.isSafeInteger(last) || last < 0 || last > 10_000) {
      throw new EverwireError(
        'bad-message',
        `"last" is ${show(last)}; it takes a whole number from 0 to 10000`,
      )
    }
    return { last }
  }
  if (after === undefined) return {}
  if (typeof after !== 'string') {
    throw new EverwireError(
      'bad-position',
      `"after" is ${show(after)}; it takes a position, "earliest" or "now"`,
    )
  }
  return { after }
}

function decodeRef(value: Readonly<Record<string, unknown>>): { readonly ref?: Ref } {
  return value['ref'] === undefined ? {} : { ref: refIn(value, 'ref') }
}

function decodeBehind(value: Readonly<Record<string, unknown>>): { readonly behind?: Ref } {
  return value['behind'] === undefined ? {} : { behind: refIn(value, 'behind') }
}

function refIn(value: Readonly<Record<string, unknown>>, field: 'ref' | 'behind'): Ref {
  const ref = value[field]
  if (typeof ref === 'number' || (typeof ref === 'string' && ref.length <= 64)) return ref
  throw new EverwireError('bad-message', `"${field}" takes a number or a text of at most 64 characters`)
}

function decodeData(value: Readonly<Record<string, unknown>>): unknown {
  const { data, encoding } = value
  if (encoding === undefined) return data
  if (encoding !== 'base64' || typeof data !== 'string') {
    throw new EverwireError('bad-message', '"encoding" takes "base64", with "data" as text')
  }
  return fromBase64(data)
}

// An event name reaches `addEventListener` and an SSE `event:` line.
function eventName(value: Readonly<Record<string, unknown>>): string {
  const name = text(value, 'event', 128)
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (/[\u0000-\u001f\u007f]/.test(name) || name === '') {
    throw new EverwireError(
      'bad-message',
      '"event" takes 1 to 128 characters, none of them a control character',
    )
  }
  return name
}

function text(value: Readonly<Record<string, unknown>>, field: string, max: number): string {
  const found = value[field]
  if (typeof found === 'string' && found.length <= max && found.isWellFormed()) return found
  throw new EverwireError(
    'bad-message',
    `"${field}" is ${show(found)}; it takes a text of at most ${max} characters`,
  )
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  return (JSON.stringify(value) ?? typeof value).slice(0, 60)
}
