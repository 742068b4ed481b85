import { maxChannelBytes } from '../../protocol/channel.ts'
import { codes } from '../../protocol/codes.ts'
import type { Json } from '../../protocol/messages.ts'
import { maxPositionLength, positionPart } from '../../protocol/position.ts'
import type { Limits } from '../../session/limits.ts'

/** A JSON Schema (draft 2020-12), or another part of the description. */
export type Part = { readonly [key: string]: Json }

/** A reference to one of `schemas`. */
export function ref(name: string): Part {
  return { $ref: `#/components/schemas/${name}` }
}

const anything = 'Any JSON value.'
const text: Part = { type: 'string' }

/** An object; of its properties those that are not optional are required. */
function object(required: Part, optional: Part = {}): Part {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } }
}

function list(items: Part, more: Part = {}): Part {
  return { type: 'array', items, ...more }
}

/** The shapes of PROTOCOL.md sections 4, 5 and 8. Further fields may come: they are to be ignored. */
export function schemas(limits: Pick<Limits, 'batch' | 'channels'>): Part {
  const time = { type: 'integer', description: "Milliseconds since the Unix epoch, by the server's clock." }
  const encoding = { const: 'base64', description: '`data` is text that stands for bytes.' }
  const event = { type: 'string', maxLength: 128, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }
  const base64 = { encoding: { properties: { data: { type: 'string', contentEncoding: 'base64' } } } }
  const start = {
    after: {
      description: 'Where to start: once for all channels, or once for each in their order.',
      oneOf: [ref('Start'), list(ref('Start'), { maxItems: limits.channels })],
    },
    last: ref('Last'),
    lastEventId: { ...ref('Position'), description: 'Goes on from here, whatever else is said.' },
  }
  const channels = list(ref('Channel'), { minItems: 1, maxItems: limits.channels, uniqueItems: true })
  return {
    Channel: {
      type: 'string',
      minLength: 1,
      maxLength: maxChannelBytes,
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029*]+$',
      description: `1 to ${maxChannelBytes} bytes of UTF-8, without control characters, \`*\`, or white space at either end.`,
    },
    Position: {
      type: 'string',
      maxLength: maxPositionLength,
      pattern: `^${positionPart()}(?:,${positionPart()})*$`,
      description: 'A place in the log. Opaque: hand it back unchanged.',
    },
    Start: {
      description: 'A position, the oldest message that is kept, or now.',
      anyOf: [ref('Position'), { enum: ['earliest', 'now'] }],
    },
    Last: { type: 'integer', minimum: 0, maximum: 10_000, description: 'Starts so many messages back.' },
    Publication: {
      ...object(
        { channel: ref('Channel') },
        {
          event: { ...event, default: 'message' },
          data: { description: anything },
          key: { type: 'string', maxLength: 256, description: 'The same key again publishes nothing.' },
          slot: {
            type: 'string',
            maxLength: 255,
            description: "Which value it replaces (`keep: 'latest'`).",
          },
          removed: { type: 'boolean', description: 'Removes the slot; `data` is not looked at.' },
          encoding,
        },
      ),
      anyOf: [{ required: ['data'] }, { required: ['removed'], properties: { removed: { const: true } } }],
      dependentSchemas: base64,
    },
    Batch: list(ref('Publication'), { minItems: 1, maxItems: limits.batch }),
    Published: object(
      { duplicate: { type: 'boolean', description: 'The key had been published before.' } },
      { id: { ...ref('Position'), description: 'Absent on signals.' } },
    ),
    Message: object(
      {
        type: { const: 'message' },
        channel: ref('Channel'),
        event,
        data: { description: anything },
        time,
      },
      {
        id: { ...ref('Position'), description: 'Absent on signals.' },
        previous: {
          description: 'The id of the nearest earlier message of the channel; "0": there was none.',
          anyOf: [ref('Position'), { const: '0' }],
        },
        slot: text,
        removed: { const: true },
        encoding,
      },
    ),
    Gap: object(
      {
        type: { const: 'gap' },
        channel: ref('Channel'),
        after: { type: 'string', description: 'From where continuity was asked.' },
        reason: { enum: ['expired', 'snapshot', 'rolled-back', 'tail-unproved', 'other-log', 'rights'] },
      },
      { id: ref('Position'), oldest: ref('Position'), head: ref('Position') },
    ),
    Snapshot: object(
      { type: { const: 'snapshot' }, channel: ref('Channel'), phase: { enum: ['begin', 'end'] } },
      { id: ref('Position') },
    ),
    PollAnswer: object({
      messages: list(ref('Message')),
      gaps: list(ref('Gap')),
      snapshots: list(ref('Snapshot')),
      id: { ...ref('Position'), description: 'To be handed back as `after`.' },
    }),
    PollRequest: object({ channels }, { ...start, wait: { type: 'number', minimum: 0, maximum: 60 } }),
    StreamRequest: object(
      { channels },
      { ...start, envelope: { const: '1' }, heartbeat: { const: 'event' } },
    ),
    HistoryAnswer: object({
      messages: list(ref('Message')),
      more: { type: 'boolean', description: 'Whether there are more beyond this page.' },
    }),
    Request: {
      ...object({ channel: ref('Channel'), event }, { data: { description: anything }, encoding }),
      dependentSchemas: base64,
    },
    Answer: object({ data: { description: anything } }),
    PresenceChange: object(
      { channel: ref('Channel'), action: { enum: ['enter', 'update', 'leave'] } },
      { data: { description: 'What the member shows of itself: any JSON value.' } },
    ),
    Members: object({
      members: list(object({ id: text, data: { description: anything }, time })),
    }),
    Ticket: object({ ticket: text, expiresInMs: { type: 'integer' } }),
    Place: object({ id: ref('Position') }),
    Health: object({ status: { enum: ['ok', 'starting', 'draining', 'store-unavailable'] } }),
    Refusal: object({
      error: object({
        code: { enum: Object.keys(codes) },
        message: { type: 'string', description: 'What to do about it.' },
      }),
    }),
  }
}
