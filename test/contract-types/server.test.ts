import { defineContract, everwire, type } from 'everwire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'

const contract = defineContract({
  'pets/*': {
    events: {
      weighed: z.object({ grams: z.string().transform(Number), by: z.string().trim().default('staff') }),
      note: type<{ text: string }>(),
    },
    requests: { adopt: { input: z.object({ by: z.string() }), output: z.object({ ok: z.boolean() }) } },
  },
})

const open = { subscribe: true, publish: true, request: true } as const
const make = () =>
  everwire({ contract, channels: { 'pets/*': open, news: open }, logger: { error() {}, warn() {} } })

let wire: ReturnType<typeof make>
let url: string
beforeEach(async () => {
  wire = make()
  ;({ url } = await wire.listen(0, '127.0.0.1'))
})
afterEach(() => wire.close())

async function post(path: string, body: object): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/wire/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, answer: await response.json() }
}

describe('a server with a contract', () => {
  test('publishes what the schema gives, whoever publishes', async () => {
    await wire.publish('pets/1', 'weighed', { grams: '4200' })
    const { status } = await post('publish', {
      channel: 'pets/1',
      event: 'weighed',
      data: { grams: '7', by: ' Ada ' },
    })
    expect(status).toBe(200)
    const { messages } = await wire.history('pets/1')
    expect(messages.map(({ data }) => data)).toEqual([
      { grams: 4200, by: 'staff' },
      { grams: 7, by: 'Ada' },
    ])
  })

  test('refuses what does not fit and says where', async () => {
    const { status, answer } = await post('publish', {
      channel: 'pets/1',
      event: 'weighed',
      data: { grams: 7 },
    })
    expect(status).toBe(422)
    expect(answer).toMatchObject({
      error: {
        code: 'bad-payload',
        message: expect.stringMatching(/^pets\/1 weighed does not fit the contract: grams: /),
      },
    })
    expect((await wire.history('pets/1')).messages).toEqual([])
  })

  test('refuses an event, and a channel, that the contract does not have', async () => {
    for (const [channel, event] of [
      ['pets/1', 'message'],
      ['news', 'note'],
    ]) {
      const { status, answer } = await post('publish', { channel, event, data: { text: '' } })
      expect(status).toBe(422)
      expect(answer).toMatchObject({ error: { code: 'bad-payload' } })
    }
  })

  test('lets no bytes pass for an object', async () => {
    const { status } = await post('publish', {
      channel: 'pets/1',
      event: 'weighed',
      data: 'AQID',
      encoding: 'base64',
    })
    expect(status).toBe(422)
  })

  test('checks a request and its answer', async () => {
    wire.handle('pets/*', 'adopt', ({ data }) =>
      data.by === 'nobody' ? ({} as { ok: boolean }) : { ok: true },
    )
    const ask = (data: unknown) => post('request', { channel: 'pets/1', event: 'adopt', data })
    expect(await ask({ by: 'Ada' })).toEqual({ status: 200, answer: { data: { ok: true } } })
    expect(await ask({})).toMatchObject({ status: 422, answer: { error: { code: 'bad-payload' } } })
    expect(await ask({ by: 'nobody' })).toMatchObject({
      status: 500,
      answer: { error: { code: 'handler-failed' } },
    })
  })
})
