import { codes, type ErrorCode } from '../../protocol/codes.ts'
import { answers, body, json } from './answers.ts'
import { channel, parameter, streamParameters } from './parameters.ts'
import { type Part, ref } from './schemas.ts'

/** What refuses any operation that needs the server's work. */
const everywhere: readonly ErrorCode[] = [
  'bad-utf8',
  'unauthenticated',
  'token-expired',
  'forbidden',
  'forbidden-origin',
  'uri-too-long',
  'internal',
  'draining',
  'store-unavailable',
  'timeout',
]
/** What refuses an event stream by its status; what may pass is told as an event. */
const forGood = everywhere.filter((code) => codes[code].retry === 'never')
/** What refuses a body. */
const bodies: readonly ErrorCode[] = ['bad-json', 'too-deep', 'too-large', 'unsupported-media-type']
/** What refuses a list of channels and where they start. */
const streams: readonly ErrorCode[] = [
  'bad-channel',
  'bad-message',
  'bad-position',
  'too-many-channels',
  'already-subscribed',
]

const stream: Part = {
  '200': {
    description:
      'Events, for as long as it lasts. The first is `connected`; then messages, `gap`, `snapshot` and `position`, ' +
      'each with the position of the stream as its `id`; signals have none. What refuses it for now is an event ' +
      '`error` with a `retry`, and the end.',
    headers: { 'Cache-Control': { schema: { const: 'no-cache, no-transform' } } },
    content: {
      'text/event-stream': {
        schema: { type: 'string' },
        example:
          'event: connected\nid: 41-k3v9x0q2mzpa\nretry: 2000\ndata: {"type":"welcome"}\n\n' +
          'event: statusChanged\nid: 42-k3v9x0q2mzpa\ndata: {"status":"ADOPTED"}\n\n',
      },
    },
  },
}

/** Not an error: an EventSource stops for good on it. */
const spent: Part = {
  '204': { description: 'The ticket has been used, by somebody else or elsewhere: stop.' },
}

/** The operations below the base path (PROTOCOL.md sections 6 to 8), with what one request may name. */
export function paths({ channels }: { readonly channels: number }): Part {
  const streaming = [...streamParameters(channels)]
  const envelope = parameter('envelope', { const: '1' }, 'Messages come as objects, also of one channel.')
  const heartbeat = parameter('heartbeat', { const: 'event' }, 'Heartbeats are events, too.')
  const wait = parameter(
    'wait',
    { type: 'number', minimum: 0, maximum: 60, default: 25 },
    'Seconds that the answer may be held. Without a position to go on from, it comes at once.',
  )
  const frames = parameter(
    'frames',
    { enum: ['arrays'] },
    'What leaves together comes as one text frame, a JSON array of messages.',
  )
  const ticket = parameter(
    'ticket',
    { type: 'string' },
    'Stands for the user who asked for it; good for one connection.',
  )
  const poll = json('What came, and the position to go on from.', ref('PollAnswer'))
  return {
    '/publish': {
      post: {
        operationId: 'publish',
        tags: ['messages'],
        summary: 'Publish one message, or several as one',
        description: 'A batch is atomic. Without an answer it is unknown: send it again with the same key.',
        parameters: [
          {
            name: 'Idempotency-Key',
            in: 'header',
            description: 'Stands for `key`; entry i of a batch has the key `K#i`.',
            schema: { type: 'string', minLength: 1, maxLength: 256 },
          },
        ],
        requestBody: body({ oneOf: [ref('Publication'), ref('Batch')] }, [
          { channel: 'pets/123', event: 'statusChanged', data: { status: 'ADOPTED' }, key: 'adopt-77' },
        ]),
        responses: answers(
          {
            '200': json('As durable as the store promises; one answer for each message.', {
              oneOf: [ref('Published'), { type: 'array', items: ref('Published') }],
            }),
          },
          [
            ...everywhere,
            ...bodies,
            'bad-message',
            'bad-channel',
            'bad-payload',
            'key-reused',
            'too-many-entries',
            'overloaded',
          ],
        ),
      },
    },
    '/history': {
      get: {
        operationId: 'history',
        tags: ['messages'],
        summary: "A page of a channel's messages",
        parameters: [
          channel,
          parameter('after', ref('Start'), 'Only messages after it.'),
          parameter('before', ref('Start'), 'Only messages before it.'),
          parameter(
            'limit',
            { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
            'At most so many.',
          ),
          parameter('order', { enum: ['forward', 'backward'], default: 'forward' }, 'Which come first.'),
        ],
        responses: answers({ '200': json('The page.', ref('HistoryAnswer')) }, [
          ...everywhere,
          'bad-channel',
          'bad-message',
          'bad-position',
        ]),
      },
    },
    '/position': {
      get: {
        operationId: 'position',
        tags: ['messages'],
        summary: 'Where the log stands now',
        description:
          'Taken before the state is read and used as `after`, it makes a first load free of races.',
        responses: answers({ '200': json('The position.', ref('Place')) }, everywhere),
      },
    },
    '/sse': {
      get: {
        operationId: 'stream',
        tags: ['subscribing'],
        summary: 'Follow channels as server-sent events',
        parameters: [...streaming, envelope, heartbeat, ticket],
        responses: answers({ ...stream, ...spent }, [...forGood, ...streams]),
      },
      post: {
        operationId: 'streamByBody',
        tags: ['subscribing'],
        summary: 'Follow channels that would not fit a URL',
        parameters: [ticket],
        requestBody: body(ref('StreamRequest'), [{ channels: ['pets/123', 'news'], after: 'now' }]),
        responses: answers({ ...stream, ...spent }, [...forGood, ...bodies, ...streams]),
      },
    },
    '/poll': {
      get: {
        operationId: 'poll',
        tags: ['subscribing'],
        summary: 'Follow channels by long-polling',
        parameters: [...streaming, wait],
        responses: answers({ '200': poll }, [...everywhere, ...streams]),
      },
      post: {
        operationId: 'pollByBody',
        tags: ['subscribing'],
        summary: 'Poll channels that would not fit a URL',
        requestBody: body(ref('PollRequest'), [{ channels: ['pets/123', 'news'], wait: 25 }]),
        responses: answers({ '200': poll }, [...everywhere, ...bodies, ...streams]),
      },
    },
    '/ws': {
      get: {
        operationId: 'websocket',
        tags: ['subscribing'],
        summary: 'Follow and publish over a WebSocket',
        description: 'RFC 6455, version 13. What both ends say is in PROTOCOL.md, sections 4 to 6.',
        parameters: [...streaming.slice(0, 3).map((each) => ({ ...each, required: false })), frames, ticket],
        responses: answers({ '101': { description: 'The connection is a WebSocket from here on.' } }, [
          ...everywhere,
          ...streams,
          'upgrade-required',
        ]),
      },
    },
    '/ticket': {
      post: {
        operationId: 'ticket',
        tags: ['subscribing'],
        summary: 'A ticket that stands for you in the URL of one connection',
        description: 'For readers that cannot send a token, such as a native EventSource.',
        responses: answers({ '200': json('The ticket.', ref('Ticket')) }, everywhere),
      },
    },
    '/request': {
      post: {
        operationId: 'request',
        tags: ['requests'],
        summary: 'Ask what a handler of the application answers',
        requestBody: body(ref('Request'), [{ channel: 'pets/123', event: 'reserve', data: { hours: 2 } }]),
        responses: answers({ '200': json("The handler's answer.", ref('Answer')) }, [
          ...everywhere,
          ...bodies,
          'bad-message',
          'bad-channel',
          'bad-payload',
          'no-handler',
          'handler-failed',
        ]),
      },
    },
    '/presence': {
      get: {
        operationId: 'members',
        tags: ['presence'],
        summary: 'Who is in a channel: the first 200',
        parameters: [channel],
        responses: answers({ '200': json('The members.', ref('Members')) }, [
          ...everywhere,
          'bad-channel',
          'bad-message',
        ]),
      },
      post: {
        operationId: 'changePresence',
        tags: ['presence'],
        summary: 'Enter a channel, show something else, or leave',
        description: 'Holds for a minute: say it again to stay. Only for users who are known.',
        requestBody: body(ref('PresenceChange'), [
          { channel: 'chat/1', action: 'enter', data: { name: 'Ada' } },
        ]),
        responses: answers({ '204': { description: 'Done.' } }, [
          ...everywhere,
          ...bodies,
          'bad-message',
          'bad-channel',
          'bad-payload',
        ]),
      },
    },
    '/healthz': {
      get: {
        operationId: 'health',
        tags: ['operation'],
        summary: 'Whether the server is ready for work',
        description: 'Also outside the base path.',
        security: [],
        responses: {
          '200': json('It is.', ref('Health')),
          '503': json('It is not, and says why.', ref('Health')),
          default: { $ref: '#/components/responses/Refusal' },
        },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'openapi',
        tags: ['operation'],
        summary: 'This description',
        security: [],
        responses: answers({ '200': json('OpenAPI 3.1.', { type: 'object' }) }, [
          'forbidden',
          'forbidden-origin',
          'draining',
          'store-unavailable',
        ]),
      },
    },
  }
}
