import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ContractBorder } from '../../src/contract/border.ts'
import { defineContract, type } from '../../src/contract/define.ts'
import type { Schema } from '../../src/contract/schema.ts'
import { EverwireError } from '../../src/protocol/codes.ts'

const later: Schema<string, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) =>
      typeof value === 'string' ? { value: value.length } : { issues: [{ message: 'not text' }] },
  },
}

const contract = defineContract({
  'pets/*': {
    events: {
      statusChanged: z.object({ id: z.string(), status: z.enum(['ADOPTED', 'AVAILABLE']) }),
      weighed: v.object({ grams: v.pipe(v.string(), v.transform(Number)) }),
      note: type<{ text: string }>(),
      log: z.object({ items: z.array(z.object({ name: z.string() })) }),
      counted: later,
    },
    requests: {
      adopt: { input: z.object({ by: z.string().trim() }), output: z.object({ ok: z.boolean() }) },
      count: { input: later, output: later },
    },
    presence: z.object({ name: z.string() }),
  },
  'pets/featured': { events: { chosen: type<string>() } },
})
const border = new ContractBorder(contract)

/** What is thrown, at once or later. */
async function refusal(attempt: () => unknown): Promise<EverwireError> {
  try {
    await attempt()
  } catch (error) {
    if (error instanceof EverwireError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a publication', () => {
  test('passes as its schema gives it, at once', () => {
    const data = { id: '1', status: 'ADOPTED', more: 1 }
    expect(border.publication('pets/1', 'statusChanged', data)).toEqual({ id: '1', status: 'ADOPTED' })
    expect(border.publication('pets/1', 'weighed', { grams: '42' })).toEqual({ grams: 42 })
  })

  test('waits for a schema that takes its time', async () => {
    await expect(border.publication('pets/1', 'counted', 'four')).resolves.toBe(4)
    expect((await refusal(() => border.publication('pets/1', 'counted', 4))).message).toBe(
      'pets/1 counted does not fit the contract: not text',
    )
  })

  test('passes as it is where only its type is promised', () => {
    const data = { text: 1 }
    expect(border.publication('pets/1', 'note', data)).toBe(data)
  })

  test('is refused with the path and the message of everything that is wrong', async () => {
    const status = await refusal(() => border.publication('pets/1', 'statusChanged', { status: 'LOST' }))
    expect(status.code).toBe('bad-payload')
    expect(status.message).toMatch(/^pets\/1 statusChanged does not fit the contract: id: .+; status: .+/)
    const items = [{ name: 'a' }, {}]
    const log = await refusal(() => border.publication('pets/1', 'log', { items }))
    expect(log.message).toContain('items[1].name: ')
    const weighed = await refusal(() => border.publication('pets/1', 'weighed', { grams: 1 }))
    expect(weighed.message).toContain('grams: Invalid type: Expected string but received 1')
    const whole = await refusal(() => border.publication('pets/1', 'statusChanged', 7))
    expect(whole.message).toMatch(/contract: Invalid input/)
  })

  test('is refused in a message of bounded length', async () => {
    const items = Array.from({ length: 1000 }, () => ({ name: 1 }))
    const { message } = await refusal(() => border.publication('pets/1', 'log', { items }))
    expect(message).toContain('items[7].name')
    expect(message).toMatch(/; and 992 more$/)
    const long = new ContractBorder({
      a: { events: { e: z.record(z.string(), z.number()) } },
    })
    const refused = await refusal(() => long.publication('a', 'e', { ['k'.repeat(60_000)]: 'x' }))
    expect(refused.message.length).toBeLessThan(500)
  })

  test('of an event that the channel does not have is refused and told what there is', async () => {
    const other = await refusal(() => border.publication('pets/1', 'chosen', 'x'))
    expect(other.code).toBe('bad-payload')
    expect(other.message).toBe(
      'the contract has no event "chosen" for pets/1; it has the events statusChanged, weighed, note, log, counted there',
    )
    const inherited = await refusal(() => border.publication('pets/1', 'toString', 'x'))
    expect(inherited.code).toBe('bad-payload')
    const featured = await refusal(() => border.publication('pets/featured', 'note', { text: '' }))
    expect(featured.message).toContain('it has the events chosen there')
    const unknown = await refusal(() => border.publication('dogs/1', 'note', { text: '' }))
    expect(unknown.message).toBe('the contract has no event "note" for dogs/1; it has no events there')
  })
})

test('bytes are data like any other', async () => {
  const bytes = new Uint8Array([1, 2])
  expect(border.publication('pets/1', 'note', bytes)).toBe(bytes)
  const refused = await refusal(() => border.publication('pets/1', 'statusChanged', bytes))
  expect(refused.code).toBe('bad-payload')
})

describe('a request', () => {
  test('is checked both ways', () => {
    expect(border.request('pets/1', 'adopt', { by: ' Ada ' })).toEqual({ by: 'Ada' })
    expect(border.response('pets/1', 'adopt', { ok: true, secret: 1 })).toEqual({ ok: true })
  })

  test('that does not fit is refused', async () => {
    expect((await refusal(() => border.request('pets/1', 'adopt', {}))).code).toBe('bad-payload')
  })

  test('that the channel does not have finds no handler', async () => {
    const refused = await refusal(() => border.request('pets/1', 'sell', {}))
    expect(refused.code).toBe('no-handler')
    expect(refused.message).toContain('it has the requests adopt, count there')
  })

  test('answered wrongly is a fault of the application, which keeps the detail', async () => {
    for (const event of ['adopt', 'count']) {
      const refused = await refusal(() => border.response('pets/1', event, 7))
      expect(refused.code).toBe('handler-failed')
      expect(refused.message).toBe(`the application's answer to ${event} on pets/1 does not fit its contract`)
      expect(refused.cause).toMatchObject({ code: 'bad-payload' })
    }
  })
})

describe('presence', () => {
  test('is checked where it is declared', async () => {
    expect(border.presence('pets/1', { name: 'Ada', x: 1 })).toEqual({ name: 'Ada' })
    expect((await refusal(() => border.presence('pets/1', {}))).code).toBe('bad-payload')
  })

  test('goes without data where it is not', async () => {
    expect(border.presence('pets/featured', undefined)).toBeUndefined()
    expect((await refusal(() => border.presence('pets/featured', { name: 'Ada' }))).code).toBe('bad-payload')
  })
})

test('what a schema throws by itself is no refusal', async () => {
  const schema = z.string().transform((text): unknown => JSON.parse(text))
  const broken = new ContractBorder({ a: { events: { e: schema } } })
  await expect(refusal(() => broken.publication('a', 'e', '{'))).rejects.toThrow(SyntaxError)
})

test('any JSON either passes or is refused', async () => {
  const events = fc.constantFrom('statusChanged', 'weighed', 'log', 'counted')
  await fc.assert(
    fc.asyncProperty(events, fc.jsonValue(), async (event, data) => {
      const outcome = await (async () => border.publication('pets/1', event, data))().then(
        () => 'passed',
        (error: unknown) => (error instanceof EverwireError ? error.code : 'thrown'),
      )
      expect(['passed', 'bad-payload']).toContain(outcome)
    }),
  )
})

test.each(['a/**/b', 'a/b*', '**a'])('the pattern %s is refused when the contract is defined', (pattern) => {
  expect(() => defineContract({ [pattern]: {} })).toThrow(pattern)
})
