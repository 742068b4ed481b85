import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { defineContract, type } from '../../src/contract/define.ts'
import type { Match } from '../../src/contract/pattern.ts'
import type { Schema } from '../../src/contract/schema.ts'
import type {
  AnyName,
  AsJson,
  Contract,
  DataIn,
  DataOut,
  EventName,
  Known,
  PatternOf,
  PresenceIn,
  PresenceOut,
  RequestIn,
  RequestName,
  RequestSeen,
  ResponseIn,
  ResponseOut,
} from '../../src/contract/types.ts'

const contract = defineContract({
  'pets/*': {
    events: {
      statusChanged: z.object({ id: z.string(), status: z.enum(['ADOPTED', 'AVAILABLE']) }),
      weighed: v.object({ grams: v.pipe(v.string(), v.transform(Number)) }),
      note: type<{ text: string }>(),
      seen: z.object({ at: z.coerce.date(), by: z.string().default('staff') }),
      photo: type<Uint8Array>(),
    },
    requests: {
      adopt: {
        input: z.object({ by: z.string(), when: z.coerce.date() }),
        output: z.object({ adopted: z.boolean(), at: z.date() }),
      },
    },
    presence: z.object({ name: z.string().trim() }),
  },
  'pets/featured': { events: { chosen: type<{ petId: string }>() } },
  'rooms/**': { events: { said: type<string>() } },
  'rooms/*/typing': { events: { typing: type<{ user: string }>() } },
  news: { events: { message: type<{ title: string }>() } },
})
type C = typeof contract

/** Both ends' methods in miniature: the shape in which the SDK and the server use the types. */
declare const wire: {
  channel<const N extends AnyName<C>>(
    name: Known<C, N>,
  ): {
    on<E extends EventName<C, N>>(event: E, listen: (message: { data: DataOut<C, N, E> }) => void): void
    publish<E extends EventName<C, N>>(event: E, data: DataIn<C, N, E>): void
    request<E extends RequestName<C, N>>(event: E, data: RequestIn<C, N, E>): ResponseOut<C, N, E>
  }
  handle<const N extends AnyName<C>, E extends RequestName<C, N>>(
    pattern: Known<C, N>,
    event: E,
    answer: (input: RequestSeen<C, N, E>) => ResponseIn<C, N, E>,
  ): void
  publish<const N extends AnyName<C>, E extends EventName<C, N>>(
    name: Known<C, N>,
    event: E,
    data: DataIn<C, N, E>,
  ): void
}

describe('the pattern of a name', () => {
  type P = 'a/*' | 'a/b' | '*/b' | 'a/**' | '**' | 'a/*/c' | 'a/b/d'

  test('is the most specific one, decided from the left', () => {
    expectTypeOf<Match<P, 'a/b'>>().toEqualTypeOf<'a/b'>()
    expectTypeOf<Match<P, 'a/x'>>().toEqualTypeOf<'a/*'>()
    expectTypeOf<Match<P, 'x/b'>>().toEqualTypeOf<'*/b'>()
    expectTypeOf<Match<P, 'a/x/c'>>().toEqualTypeOf<'a/*/c'>()
    expectTypeOf<Match<P, 'a/b/d'>>().toEqualTypeOf<'a/b/d'>()
    expectTypeOf<Match<P, 'x'>>().toEqualTypeOf<'**'>()
  })

  test('is found by going back where the more specific way ends', () => {
    expectTypeOf<Match<P, 'a/b/c'>>().toEqualTypeOf<'a/*/c'>()
    expectTypeOf<Match<P, 'a/b/x'>>().toEqualTypeOf<'a/**'>()
    expectTypeOf<Match<P, 'a/b/c/d'>>().toEqualTypeOf<'a/**'>()
    expectTypeOf<Match<P, 'a'>>().toEqualTypeOf<'**'>()
  })

  test('is none where no pattern matches', () => {
    expectTypeOf<Match<'a/*' | 'b/**', 'a'>>().toBeNever()
    expectTypeOf<Match<'a/*' | 'b/**', 'a/b/c'>>().toBeNever()
    expectTypeOf<Match<'a/*' | 'b/**', 'b'>>().toBeNever()
    expectTypeOf<Match<'a/*', 'ab/c'>>().toBeNever()
    expectTypeOf<Match<'a/*', ''>>().toBeNever()
  })

  test('takes an interpolated segment for one that no exact pattern names', () => {
    expectTypeOf<Match<P, `a/${string}`>>().toEqualTypeOf<'a/*'>()
    expectTypeOf<Match<P, `a/${number}/c`>>().toEqualTypeOf<'a/*/c'>()
    expectTypeOf<Match<P, `a/pre-${string}`>>().toEqualTypeOf<'a/*'>()
    expectTypeOf<Match<'a/*', `b/${string}`>>().toBeNever()
  })

  test('is itself', () => {
    expectTypeOf<Match<P, 'a/*'>>().toEqualTypeOf<'a/*'>()
    expectTypeOf<Match<P, 'a/**'>>().toEqualTypeOf<'a/**'>()
  })

  test('of several names is one for each', () => {
    expectTypeOf<Match<P, 'a/b' | 'a/x'>>().toEqualTypeOf<'a/b' | 'a/*'>()
  })
})

describe('a contract', () => {
  test('keeps its patterns', () => {
    expectTypeOf<PatternOf<C>>().toEqualTypeOf<
      'pets/*' | 'pets/featured' | 'rooms/**' | 'rooms/*/typing' | 'news'
    >()
  })

  test('takes the schemas of any library of the standard, and is taken for one', () => {
    expectTypeOf<StandardSchemaV1<string, number>>().toExtend<Schema<string, number>>()
    expectTypeOf<Schema<string, number>>().toExtend<StandardSchemaV1<string, number>>()
  })

  test('refuses what is no schema', () => {
    expectTypeOf<{ parse(): string }>().not.toExtend<Schema>()
    // @ts-expect-error -- not a Standard Schema
    defineContract({ news: { events: { message: { parse: () => '' } } } })
    // @ts-expect-error -- a request needs an output, too
    defineContract({ news: { requests: { ask: { input: type<string>() } } } })
    // @ts-expect-error -- no such part
    defineContract({ news: { event: { message: type<string>() } } })
  })
})

describe('a channel', () => {
  test('hands on what the schema gives and takes what the schema takes', () => {
    const pet = wire.channel('pets/123')
    pet.on('statusChanged', (message) => {
      expectTypeOf(message.data).toEqualTypeOf<{ id: string; status: 'ADOPTED' | 'AVAILABLE' }>()
    })
    pet.on('weighed', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ grams: number }>())
    pet.on('note', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ text: string }>())
    pet.on('photo', ({ data }) => expectTypeOf(data).toEqualTypeOf<Uint8Array>())
    pet.publish('statusChanged', { id: '1', status: 'ADOPTED' })
    pet.publish('weighed', { grams: '4200' })
    pet.publish('seen', { at: new Date() })
    // @ts-expect-error -- not a status
    pet.publish('statusChanged', { id: '1', status: 'LOST' })
    // @ts-expect-error -- no id
    pet.publish('statusChanged', { status: 'ADOPTED' })
    // @ts-expect-error -- the schema takes text and gives a number
    pet.publish('weighed', { grams: 4200 })
  })

  test('says that a date is text once JSON has carried it', () => {
    wire.channel('pets/1').on('seen', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ at: string; by: string }>()
    })
  })

  test('refuses an event that it does not have', () => {
    const pet = wire.channel('pets/123')
    expectTypeOf<EventName<C, 'pets/featured'>>().toEqualTypeOf<'chosen'>()
    // @ts-expect-error -- another case
    pet.on('statuschanged', () => {})
    // @ts-expect-error -- the event of another channel
    pet.publish('chosen', { petId: '1' })
    // @ts-expect-error -- an event is no request
    pet.request('statusChanged', { id: '1', status: 'ADOPTED' })
    // @ts-expect-error -- the more specific pattern holds
    wire.channel('pets/featured').publish('note', { text: '' })
  })

  test('is found by an interpolated name', () => {
    const id: string = '123'
    wire.channel(`pets/${id}`).on('note', ({ data }) => expectTypeOf(data.text).toBeString())
    wire.channel(`rooms/${id}/typing`).on('typing', ({ data }) => expectTypeOf(data.user).toBeString())
    wire.channel(`rooms/${id}/${id}/x`).on('said', ({ data }) => expectTypeOf(data).toBeString())
    // @ts-expect-error -- no pattern matches
    wire.channel(`dogs/${id}`)
  })

  test('that the contract does not know is an error that reads well', () => {
    // @ts-expect-error -- no such channel
    wire.channel('dogs/123')
    // @ts-expect-error -- `*` is one segment
    wire.channel('pets/1/2')
    // @ts-expect-error -- the server's side, too
    wire.publish('dogs/1', 'note', { text: '' })
    expectTypeOf<Known<typeof small, 'dogs/1'>>().toEqualTypeOf<
      readonly ['the contract has no channel dogs/1; it has', 'news']
    >()
    expectTypeOf<Known<typeof small, 'news'>>().toEqualTypeOf<'news'>()
  })
  const small = defineContract({ news: {} })
  void small

  test('known only as a string carries unknown data', () => {
    const name: string = 'pets/1'
    wire.channel(name).on('anything', ({ data }) => expectTypeOf(data).toBeUnknown())
    wire.channel(name).publish('anything', { at: 'all' })
    wire.publish(name, 'anything', 1)
  })

  test('without a contract carries unknown data', () => {
    expectTypeOf<EventName<Contract, 'pets/1'>>().toBeString()
    expectTypeOf<DataIn<Contract, 'pets/1', 'x'>>().toBeUnknown()
    expectTypeOf<DataOut<Contract, 'pets/1', 'x'>>().toBeUnknown()
    expectTypeOf<RequestName<Contract, 'pets/1'>>().toBeString()
    expectTypeOf<ResponseOut<Contract, 'pets/1', 'x'>>().toBeUnknown()
    expectTypeOf<PresenceIn<Contract, 'pets/1'>>().toBeUnknown()
    expectTypeOf<Known<Contract, 'pets/1'>>().toEqualTypeOf<'pets/1'>()
  })

  test('of several has the events that all of them have', () => {
    const name = 'pets/1' as 'pets/1' | 'news'
    expectTypeOf<EventName<C, 'pets/1' | 'pets/2'>>().toEqualTypeOf<EventName<C, 'pets/1'>>()
    // @ts-expect-error -- only one of the two has it
    wire.channel(name).on('note', () => {})
    // @ts-expect-error -- one of the two is unknown
    wire.channel('news' as 'news' | 'dogs/1')
  })
})

describe('a request', () => {
  test('is typed on both ends', () => {
    const answer = wire.channel('pets/1').request('adopt', { by: 'Ada', when: new Date() })
    expectTypeOf(answer).toEqualTypeOf<{ adopted: boolean; at: string }>()
    wire.handle('pets/*', 'adopt', (input) => {
      expectTypeOf(input).toEqualTypeOf<{ by: string; when: Date }>()
      return { adopted: true, at: input.when }
    })
    // @ts-expect-error -- the answer lacks a field
    wire.handle('pets/*', 'adopt', () => ({ adopted: true }))
    // @ts-expect-error -- no such request
    wire.handle('news', 'adopt', () => ({ adopted: true, at: new Date() }))
  })
})

describe('presence', () => {
  test('is typed where it is declared', () => {
    expectTypeOf<PresenceIn<C, 'pets/1'>>().toEqualTypeOf<{ name: string }>()
    expectTypeOf<PresenceOut<C, 'pets/1'>>().toEqualTypeOf<{ name: string }>()
    expectTypeOf<PresenceIn<C, 'news'>>().toBeUndefined()
  })
})

test('a type as JSON brings it', () => {
  expectTypeOf<AsJson<{ a: Date; b?: (number | Date)[]; c: [1, Date] }>>().toEqualTypeOf<{
    a: string
    b?: (number | string)[]
    c: [1, string]
  }>()
  interface Tree {
    readonly at: Date
    readonly children: readonly Tree[]
  }
  expectTypeOf<AsJson<Tree>['children'][0]['children'][0]['at']>().toBeString()
  expectTypeOf<AsJson<unknown>>().toBeUnknown()
  expectTypeOf<AsJson<bigint>>().toBeNever()
})
