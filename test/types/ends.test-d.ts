import { defineContract, everwire, type } from 'everwire'
import { connect, presence, request } from 'everwire/client'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const contract = defineContract({
  'pets/*': {
    events: {
      statusChanged: z.object({ id: z.string(), at: z.coerce.date() }),
      note: type<{ text: string }>(),
    },
    requests: {
      adopt: { input: z.object({ by: z.string(), on: z.coerce.date() }), output: type<{ ok: boolean }>() },
    },
    presence: z.object({ name: z.string() }),
  },
  news: { events: { message: type<string>() } },
})

interface User {
  readonly id: string
  readonly staff: boolean
}

test('the client is typed by the contract', () => {
  const wire = connect<typeof contract>('/wire')
  const id: string = '123'
  const pet = wire.channel(`pets/${id}`)
  pet.on('statusChanged', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ id: string; at: string }>())
  pet.on('gap', ({ reason }) => expectTypeOf(reason).toExtend<string>())
  void pet.publish('note', { text: 'hello' })
  expectTypeOf(request(pet, 'adopt', { by: 'Ada', on: new Date() })).resolves.toEqualTypeOf<{ ok: boolean }>()
  void presence(pet).enter({ name: 'Ada' })
  expectTypeOf(presence(pet).members).toEqualTypeOf<ReadonlyMap<string, { name: string }>>()
  void presence(wire.channel('news')).enter()
  wire.channel(id).on('anything', ({ data }) => expectTypeOf(data).toBeUnknown())

  // @ts-expect-error -- no such channel
  wire.channel('dogs/1')
  // @ts-expect-error -- `*` is one segment
  wire.channel('pets/1/2')
  // @ts-expect-error -- no such event
  pet.on('statuschanged', () => {})
  // @ts-expect-error -- wrong data
  void pet.publish('note', { text: 1 })
  // @ts-expect-error -- presence needs a name
  void presence(pet).enter({})
  // @ts-expect-error -- no presence is declared
  void presence(wire.channel('news')).enter({ name: 'Ada' })
})

test('without a contract, everything may be said and nothing is known', () => {
  const wire = connect('/wire')
  wire.channel('pets/1').on('anything', ({ data }) => expectTypeOf(data).toBeUnknown())
  void wire.channel('pets/1').publish('anything', { a: 1 })
  void presence(wire.channel('pets/1')).enter()
  void presence(wire.channel('pets/1')).enter({ a: 1 })
  expectTypeOf(request(wire.channel('pets/1'), 'ask', 1)).resolves.toBeUnknown()
  void everwire().publish('pets/1', 'anything', { a: 1 })
})

test('the server is typed by the contract and by who asks', () => {
  const wire = everwire({ contract, authenticate: (): User => ({ id: 'ada', staff: true }) })
  void wire.publish('pets/1', 'statusChanged', { id: '1', at: new Date() })
  wire.handle('pets/*', 'adopt', ({ data, user, channel }) => {
    expectTypeOf(data).toEqualTypeOf<{ by: string; on: Date }>()
    expectTypeOf(user).toExtend<User | undefined>()
    expectTypeOf(channel).toBeString()
    return { ok: true }
  })

  // @ts-expect-error -- no such channel
  void wire.publish('dogs/1', 'note', { text: '' })
  // @ts-expect-error -- wrong data
  void wire.publish('pets/1', 'note', { txt: '' })
  // @ts-expect-error -- no such request
  wire.handle('pets/*', 'sell', () => ({ ok: true }))
  // @ts-expect-error -- wrong answer
  wire.handle('pets/*', 'adopt', () => ({ ok: 'yes' }))
})
