import { readFileSync } from 'node:fs'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codes } from '../../src/protocol/codes.ts'
import { decodePresence, decodePublication, decodeRequest } from '../../src/protocol/decode.ts'
import { openapi } from '../../src/server/openapi.ts'
import { routes } from '../../src/server/router.ts'
import { defaultLimits } from '../../src/session/limits.ts'
import { everwire as run } from '../cli/command.ts'
import { openRules, postOf, start } from './start.ts'

interface Answer {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: AnySchemaObject }>>
}
interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, Answer>>
}
interface Description {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, AnySchemaObject>> }
}

// What it says is judged below.
const described = openapi('/wire', defaultLimits) as unknown as Description
const shapes = JSON.parse(
  JSON.stringify(described.components.schemas).replaceAll('#/components/schemas/', 'shapes#/$defs/'),
)

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true })
ajv.addSchema({ $id: 'shapes', $defs: shapes })

/** Says what is wrong with a value of this schema; nothing when it fits. Throws for a schema that is none. */
function judge(schema: AnySchemaObject): (value: unknown) => readonly string[] {
  const text = JSON.stringify(schema).replaceAll('#/components/schemas/', 'shapes#/$defs/')
  const validate = ajv.compile(JSON.parse(text))
  return (value) =>
    validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const shape = (name: string) => judge({ $ref: `#/components/schemas/${name}` })

const channels = {
  ...openRules,
  'read/*': { subscribe: true },
  'members/*': { subscribe: true, presence: true },
}

/** A server whose users name themselves, and on which every operation can be tried. */
async function tryable() {
  const started = await start({
    channels,
    authenticate: ({ headers }) => {
      if (headers['x-user'] === 'nobody') throw new Error('no such user')
      return headers['x-user']
    },
  })
  started.wire.handle('open/*', 'add', () => 3)
  started.wire.handle('open/*', 'fail', () => Promise.reject(new Error('on purpose')))
  return started
}

/** Asks, and answers what the description says to it: the operation, and how the answer stands there. */
async function ask(url: string, method: 'GET' | 'POST', target: string, init: RequestInit = {}) {
  const response = await fetch(`${url}/wire${target}`, { method, ...init })
  const [path = ''] = target.split('?')
  const operation = described.paths[path]?.[method.toLowerCase()]
  const answer = operation?.responses[String(response.status)]
  return { response, operation, answer }
}

describe('the OpenAPI description', () => {
  test('C68 is valid by the schema of the OpenAPI Initiative', () => {
    const official = JSON.parse(readFileSync(new URL('openapi/oas-3.1.json', import.meta.url), 'utf8'))
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(official)
    const valid = (document: object) => (validate(document) ? [] : (validate.errors ?? []))
    expect(valid(openapi('/wire', defaultLimits))).toEqual([])
    const wrong = { ...openapi('/wire', defaultLimits), info: { title: 'Everwire' } }
    expect(valid(wrong)).not.toEqual([])
  })

  test('C68 has shapes that are JSON Schemas, and no reference that leads nowhere', () => {
    for (const name of Object.keys(described.components.schemas)) expect(() => shape(name)).not.toThrow()
    const text = JSON.stringify(described)
    const pointers = new Set([...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(([, pointer = '']) => pointer))
    const lost = [...pointers].filter((pointer) => {
      let at: unknown = described
      for (const key of pointer.split('/').slice(1)) at = (at as Record<string, unknown> | undefined)?.[key]
      return at === undefined
    })
    expect([pointers.size > 10, lost]).toEqual([true, []])
  })

  test('C68 describes every path and method that the server serves, and no other', () => {
    const methods = ([path, by]: [string, object]) =>
      Object.keys(by).map((method) => `${method.toUpperCase()} ${path}`)
    const served = [...Object.entries(routes).flatMap(methods), 'GET /healthz']
    expect(Object.entries(described.paths).flatMap(methods).sort()).toEqual(served.sort())
    const operations = Object.values(described.paths).flatMap((by) => Object.values(by))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  test('C68 names the codes of the table of errors, each under its status', () => {
    expect(described.components.schemas['Refusal']?.['properties'].error.properties.code.enum).toEqual(
      Object.keys(codes),
    )
    let count = 0
    for (const by of Object.values(described.paths)) {
      for (const { responses } of Object.values(by)) {
        for (const [status, { description }] of Object.entries(responses)) {
          const named = /^(?:`[a-z0-9-]+`(?:, )?)+$/.test(description ?? '') ? description.split(', ') : []
          for (const name of named) {
            const code = name.slice(1, -1) as keyof typeof codes
            expect({ code, status: String(codes[code]?.status) }).toEqual({ code, status })
            count++
          }
        }
      }
    }
    expect(count).toBeGreaterThan(100)
  })

  test('C68 is served for the base path by which it is asked, with the limits of the server', async () => {
    const { url } = await start({ limits: { batch: 7, channels: 5 } })
    const response = await fetch(`${url}/wire/openapi.json?x=1`)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const limits = { ...defaultLimits, batch: 7, channels: 5 }
    expect(await response.json()).toEqual(openapi('/wire', limits))
  })

  test('C68 is printed by the command, for the base that is given', async () => {
    const { code, stdout } = await run(['openapi', '--base', 'https://example.com/wire'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(openapi('https://example.com/wire', defaultLimits))
    expect(await run(['openapi', 'x'])).toMatchObject({ code: 2, stdout: '' })
  })
})

const ada = { 'x-user': 'ada' }
const one = { channel: 'open/1', data: { a: 1 } }

describe('what the OpenAPI description says', () => {
  test('C68 is how every operation answers', async () => {
    const { url, wire } = await tryable()
    const { id: first = '' } = await wire.publish('open/1', 'said', 1)
    await wire.publish('open/1', 'bytes', new Uint8Array([1, 2, 3]))
    await wire.publish('latest/1', 'is', 1, { slot: 'a' })
    await wire.publish('latest/1', 'is', null, { slot: 'a', removed: true })
    const calls: readonly (readonly ['GET' | 'POST', string, RequestInit?])[] = [
      ['POST', '/publish', postOf(one)],
      ['POST', '/publish', postOf([one, one], { 'idempotency-key': 'K' })],
      ['POST', '/publish', postOf({ channel: 'signals/1', data: null })],
      ['POST', '/publish', postOf({ channel: 'latest/1', slot: 'b', removed: true })],
      ['GET', '/history?channel=open/1'],
      ['GET', `/history?channel=open/1&after=${first}&before=now&limit=1&order=backward`],
      ['GET', '/history?channel=latest/1'],
      ['GET', '/position'],
      ['GET', '/poll?channel=open/1&channel=latest/1&after=earliest&wait=0'],
      ['GET', '/poll?channel=open/1&after=9-zzzzzzzzzzzz&wait=0'],
      ['POST', '/poll', postOf({ channels: ['open/1', 'open/2'], after: ['earliest', 'now'], wait: 0 })],
      ['POST', '/request', postOf({ channel: 'open/1', event: 'add', data: [1, 2] })],
      ['POST', '/presence', postOf({ channel: 'members/1', action: 'enter', data: { a: 1 } }, ada)],
      ['GET', '/presence?channel=members/1'],
      ['POST', '/ticket', { headers: ada }],
      ['GET', '/healthz'],
      ['GET', '/openapi.json'],
    ]
    for (const [method, target, init] of calls) {
      const { response, operation, answer } = await ask(url, method, target, init)
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
      const schema = answer?.content?.[type]?.schema
      const body = await response.text()
      expect({
        call: `${method} ${target}: ${response.status}`,
        succeeds: response.ok,
        described: operation !== undefined && answer !== undefined,
        // An answer that has a body has a schema, and the other way round.
        whole: (schema !== undefined) === (body !== ''),
        problems: schema ? judge(schema)(JSON.parse(body)) : [],
      }).toEqual({
        call: expect.any(String),
        succeeds: true,
        described: true,
        whole: true,
        problems: [],
      })
    }
    const tried = new Set(calls.map(([method, target]) => `${method} ${target.split('?')[0]}`))
    const all = Object.entries(described.paths).flatMap(([path, by]) =>
      Object.keys(by).map((method) => `${method.toUpperCase()} ${path}`),
    )
    // Streams and WebSockets have no body that a schema could judge.
    expect(all.filter((each) => !tried.has(each))).toEqual(['GET /sse', 'POST /sse', 'GET /ws'])
  })

  test('C68 is how streams begin', async () => {
    const { url } = await tryable()
    const abort = new AbortController()
    for (const [method, target, init] of [
      ['GET', '/sse?channel=open/1&envelope=1&heartbeat=event'],
      ['POST', '/sse', postOf({ channels: ['open/1', 'open/2'], after: 'now', envelope: '1' })],
    ] as const) {
      const { response, answer } = await ask(url, method, target, { ...init, signal: abort.signal })
      expect(answer?.content).toHaveProperty(['text/event-stream'])
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    }
    const { ticket } = await (await fetch(`${url}/wire/ticket`, { method: 'POST', headers: ada })).json()
    const target = `/sse?channel=open/1&ticket=${ticket}`
    const opened = await ask(url, 'GET', target, { signal: abort.signal })
    const spent = await ask(url, 'GET', target)
    expect([opened.response.status, spent.response.status]).toEqual([200, 204])
    expect(spent.answer?.description).toContain('has been used')
    abort.abort()
  })

  const refused: readonly (readonly [string, 'GET' | 'POST', string, RequestInit?])[] = [
    ['400 bad-json', 'POST', '/publish', postOf('{')],
    ['400 bad-message', 'POST', '/publish', postOf({ channel: 'open/1' })],
    ['400 bad-channel', 'POST', '/publish', postOf({ channel: '*', data: 1 })],
    ['400 too-deep', 'POST', '/publish', postOf('['.repeat(70) + ']'.repeat(70))],
    ['400 too-many-entries', 'POST', '/publish', postOf(Array.from({ length: 101 }, () => one))],
    ['401 unauthenticated', 'POST', '/publish', postOf(one, { 'x-user': 'nobody' })],
    ['403 forbidden', 'POST', '/publish', postOf({ channel: 'read/1', data: 1 })],
    ['403 forbidden-origin', 'POST', '/publish', postOf(one, { origin: 'https://foreign.example' })],
    ['413 too-large', 'POST', '/publish', postOf({ channel: 'open/1', data: 'x'.repeat(70_000) })],
    ['415 unsupported-media-type', 'POST', '/publish', { body: 'a=1' }],
    ['400 bad-channel', 'GET', '/history'],
    ['400 bad-message', 'GET', '/history?channel=open/1&limit=0'],
    ['400 bad-position', 'GET', '/history?channel=open/1&after=x'],
    ['400 bad-utf8', 'GET', '/history?channel=%ff'],
    ['403 forbidden', 'GET', '/history?channel=other'],
    ['414 uri-too-long', 'GET', `/history?channel=open/1&x=${'x'.repeat(5_000)}`],
    ['401 unauthenticated', 'GET', '/position', { headers: { 'x-user': 'nobody' } }],
    ['400 bad-position', 'GET', '/sse?channel=open/1&after=x'],
    ['403 forbidden', 'GET', '/sse?channel=other'],
    ['400 bad-channel', 'GET', '/sse'],
    [
      '400 too-many-channels',
      'POST',
      '/sse',
      postOf({ channels: Array.from({ length: 129 }, (_, i) => `open/${i}`) }),
    ],
    ['400 bad-json', 'POST', '/sse', postOf('{')],
    ['409 already-subscribed', 'GET', '/poll?channel=open/1&channel=open/1'],
    ['400 bad-message', 'GET', '/poll?channel=open/1&wait=61'],
    ['415 unsupported-media-type', 'POST', '/poll', { body: 'a=1' }],
    ['426 upgrade-required', 'GET', '/ws'],
    ['404 no-handler', 'POST', '/request', postOf({ channel: 'open/1', event: 'none' })],
    ['500 handler-failed', 'POST', '/request', postOf({ channel: 'open/1', event: 'fail' })],
    ['400 bad-message', 'POST', '/request', postOf({ channel: 'open/1' })],
    ['400 bad-message', 'POST', '/presence', postOf({ channel: 'members/1', action: 'jump' }, ada)],
    ['401 unauthenticated', 'POST', '/presence', postOf({ channel: 'members/1', action: 'enter' })],
    ['401 unauthenticated', 'POST', '/ticket'],
    ['401 unauthenticated', 'GET', '/sse?channel=open/1&ticket=none'],
    ['403 forbidden', 'GET', '/presence?channel=read/1'],
    ['403 forbidden-origin', 'GET', '/openapi.json', { headers: { origin: 'https://foreign.example' } }],
  ]

  test('C68 is how every operation refuses', async () => {
    const { url } = await tryable()
    const refusal = shape('Refusal')
    for (const [as, method, target, init] of refused) {
      const { response, answer } = await ask(url, method, target, init)
      const body = await response.json()
      const call = `${method} ${target.slice(0, 60)} ${JSON.stringify(body)}`
      const code = body.error?.code
      const known = answer?.description.includes(`\`${code}\``)
      const found = { call, as: `${response.status} ${code}`, known, problems: refusal(body) }
      expect(found).toEqual({ call, as, known: true, problems: [] })
    }
  })

  test.each([
    ['Publication', decodePublication],
    ['Request', decodeRequest],
    ['PresenceChange', decodePresence],
  ] as const)('C68 of a %s is what the server takes', (name, decode) => {
    const judged = shape(name)
    const mostly = (good: readonly unknown[], bad: readonly unknown[]) =>
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...good) },
        { weight: 1, arbitrary: fc.constantFrom(...bad) },
      )
    const bodies = fc.record(
      {
        channel: mostly(['open/1', 'é', 'a'.repeat(255)], ['', '*', 'a\u0000', 'a'.repeat(256), 1, null]),
        event: mostly(['message', 'x'.repeat(128)], ['', 'x'.repeat(129), 'a\nb', 7, null]),
        data: fc.constantFrom<unknown>(null, 0, 'AQI=', [1], { a: 1 }),
        key: mostly(['k', '', 'k'.repeat(256)], ['k'.repeat(257), 1]),
        slot: mostly(['s', '', 's'.repeat(255)], ['s'.repeat(256), 1]),
        removed: fc.boolean(),
        encoding: mostly(['base64'], ['base32']),
        action: mostly(['enter', 'update', 'leave'], ['jump', 1]),
      },
      { requiredKeys: [] },
    )
    let [taken, refusedToo] = [0, 0]
    fc.assert(
      fc.property(bodies, (body) => {
        let takes = true
        try {
          decode(body)
        } catch {
          takes = false
        }
        // Fields that are not its own are ignored, and a removal's data and encoding are.
        fc.pre(!(takes && body.removed === true))
        const own: Record<string, unknown> = { ...body }
        for (const field of name === 'Publication' ? ['action'] : ['key', 'slot', 'removed'])
          delete own[field]
        // Without data there is nothing that could be encoded.
        if (name === 'Request' && body.data === undefined) delete own['encoding']
        if (name === 'PresenceChange') for (const field of ['event', 'encoding']) delete own[field]
        const problems = judged(own)
        expect({ own, takes: problems.length === 0 }).toEqual({ own, takes })
        if (takes) taken++
        else refusedToo++
      }),
      { numRuns: 2_000 },
    )
    expect(Math.min(taken, refusedToo)).toBeGreaterThan(20)
  })
})
