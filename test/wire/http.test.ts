import { expect, test } from 'vitest'
import { openRules, postOf, refusal, start } from './start.ts'

test('C67 [8.2] one POST publishes, and the answer says where it stands', async () => {
  const { url, wire } = await start()
  const response = await fetch(
    `${url}/wire/publish`,
    postOf({ channel: 'open/1', event: 'said', data: { a: [1] } }),
  )
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const answer = (await response.json()) as { id: string; duplicate: boolean }
  expect(answer).toEqual({ id: expect.stringMatching(/^1-[0-9a-z]{10,24}$/), duplicate: false })
  const { messages } = await wire.history('open/1')
  expect(messages).toMatchObject([{ id: answer.id, event: 'said', data: { a: [1] }, previous: '0' }])
})

test('C67 [8.2] a batch is answered entry by entry, and is atomic', async () => {
  const { url, wire } = await start()
  const good = { channel: 'open/1', data: 1 }
  const answers = await (await fetch(`${url}/wire/publish`, postOf([good, good]))).json()
  expect(answers).toMatchObject([{ duplicate: false }, { duplicate: false }])
  const one = await fetch(`${url}/wire/publish`, postOf([good]))
  expect(await one.json()).toHaveLength(1)
  const forbidden = await fetch(`${url}/wire/publish`, postOf([good, { channel: 'other/1', data: 1 }]))
  expect(await refusal(forbidden)).toBe('403 forbidden')
  const large = await fetch(
    `${url}/wire/publish`,
    postOf([good, { channel: 'open/1', data: 'x'.repeat(70_000) }]),
  )
  expect(await refusal(large)).toBe('413 too-large')
  expect((await wire.history('open/1')).messages).toHaveLength(3)
})

test('C67 [8.2] a repeat with the same key is answered like the first time', async () => {
  const { url, wire } = await start()
  const body = { channel: 'open/1', data: { a: 1 } }
  const publish = async (given: unknown, key: string) =>
    fetch(`${url}/wire/publish`, postOf(given, { 'idempotency-key': key }))
  const first = await (await publish(body, 'K')).json()
  const again = await (await publish(body, 'K')).json()
  expect(again).toEqual({ ...(first as object), duplicate: true })
  expect(await refusal(await publish({ ...body, data: 2 }, 'K'))).toBe('409 key-reused')
  const inBody = await fetch(`${url}/wire/publish`, postOf({ ...body, key: 'K' }))
  expect(await inBody.json()).toEqual({ ...(first as object), duplicate: true })
  await publish([body, body], 'B')
  const retried = await publish([body, body], 'B')
  expect(await retried.json()).toMatchObject([{ duplicate: true }, { duplicate: true }])
  const second = await fetch(`${url}/wire/publish`, postOf({ ...body, key: 'B#1' }))
  expect(await second.json()).toMatchObject({ duplicate: true })
  expect((await wire.history('open/1')).messages).toHaveLength(3)
})

test("[8.2] a stranger's key suppresses nobody else's, not even the application's", async () => {
  const { url, wire } = await start({ authenticate: (request) => request.headers['x-user'] })
  const publish = async (headers: Record<string, string>) => {
    const response = await fetch(
      `${url}/wire/publish`,
      postOf({ channel: 'open/1', data: 1, key: 'K' }, headers),
    )
    return response.json()
  }
  expect(await publish({})).toMatchObject({ duplicate: false })
  expect(await publish({ 'x-user': 'ada' })).toMatchObject({ duplicate: false })
  expect(await publish({ 'x-user': 'bob' })).toMatchObject({ duplicate: false })
  expect(await wire.publish('open/1', 'message', 1, { key: 'K' })).toMatchObject({ duplicate: false })
  expect(await publish({ 'x-user': 'ada' })).toMatchObject({ duplicate: true })
})

test('[1.4] C7 a signal is answered without an id and kept by nobody', async () => {
  const { url, wire } = await start()
  const response = await fetch(`${url}/wire/publish`, postOf({ channel: 'signals/1', data: 1 }))
  expect(await response.json()).toEqual({ duplicate: false })
  expect(await wire.history('signals/1')).toEqual({ messages: [], more: false })
})

test('C40 [8.3] a request is answered by the handler of its channel and event', async () => {
  const { url, wire } = await start({ authenticate: (request) => request.headers['x-user'] })
  wire.handle('open/*', 'add', ({ user, channel, event, data }) => ({ user, channel, event, data }))
  const ask = (body: object) => fetch(`${url}/wire/request`, postOf(body, { 'x-user': 'ada' }))
  const answer = await ask({ channel: 'open/1', event: 'add', data: [1, 2] })
  expect(await answer.json()).toEqual({
    data: { user: 'ada', channel: 'open/1', event: 'add', data: [1, 2] },
  })
  expect(await refusal(await ask({ channel: 'open/1', event: 'other' }))).toBe('404 no-handler')
  expect(await refusal(await ask({ channel: 'else/1', event: 'add' }))).toBe('403 forbidden')
})

test('C40 [8.3] a handler that throws or dawdles is answered with its code, and reported', async () => {
  const { url, wire, faults } = await start({ requestTimeoutMs: 20 })
  const secret = new Error('password 1234')
  wire.handle('open/*', 'throw', () => Promise.reject(secret))
  wire.handle('open/*', 'never', () => new Promise(() => {}))
  const failed = await fetch(`${url}/wire/request`, postOf({ channel: 'open/1', event: 'throw' }))
  expect(await failed.clone().text()).not.toContain('1234')
  expect(await refusal(failed)).toBe('500 handler-failed')
  const late = await fetch(`${url}/wire/request`, postOf({ channel: 'open/1', event: 'never' }))
  expect(await refusal(late)).toBe('504 timeout')
  expect(faults.found).toEqual([secret])
})

test('[8.5] history goes forward and backward, between positions, and says whether there is more', async () => {
  const { url, wire } = await start()
  const ids: string[] = []
  for (let i = 1; i <= 5; i++) ids.push((await wire.publish('open/1', 'n', i)).id ?? '')
  await wire.publish('open/2', 'n', 6)
  const history = async (query: string) => {
    const response = await fetch(`${url}/wire/history?channel=open/1&${query}`)
    const { messages, more } = (await response.json()) as { messages: { data: number }[]; more: boolean }
    return [messages.map(({ data }) => data), more]
  }
  expect(await history('')).toEqual([[1, 2, 3, 4, 5], false])
  expect(await history('limit=2')).toEqual([[1, 2], true])
  expect(await history('limit=2&order=backward')).toEqual([[5, 4], true])
  expect(await history(`after=${ids[1]}&before=${ids[4]}`)).toEqual([[3, 4], false])
  expect(await history(`after=${ids[4]}`)).toEqual([[], false])
})

test('[8.5] a page of history ends by its bytes, counted as bytes, and says that there is more', async () => {
  const { url, wire } = await start()
  for (let i = 0; i < 20; i++) await wire.publish('open/1', 'n', '€'.repeat(20_000))
  const answer = await fetch(`${url}/wire/history?channel=open/1&limit=20`)
  const { messages, more } = (await answer.json()) as { messages: unknown[]; more: boolean }
  expect([messages.length, more]).toEqual([17, true])
})

test.each([
  ['', '400 bad-channel'],
  ['channel=open/1&channel=open/2', '400 bad-message'],
  ['channel=open/1&limit=0', '400 bad-message'],
  ['channel=open/1&limit=1001', '400 bad-message'],
  ['channel=open/1&order=up', '400 bad-message'],
  ['channel=open/1&after=then', '400 bad-position'],
  ['channel=open/1&after=5-aaaaaaaaaaaa', '400 bad-position'],
  ['channel=other/1', '403 forbidden'],
])('[8.5] history?%s is %s', async (query, expected) => {
  const { url } = await start()
  expect(await refusal(await fetch(`${url}/wire/history?${query}`))).toBe(expected)
})

test('[8.6] the position is one after which everything later comes', async () => {
  const { url, wire } = await start()
  await wire.publish('open/1', 'n', 1)
  const { id } = (await (await fetch(`${url}/wire/position`)).json()) as { id: string }
  expect(id).toBe(await wire.position())
  await wire.publish('open/1', 'n', 2)
  expect((await wire.history('open/1', { after: id })).messages.map(({ data }) => data)).toEqual([2])
})

test('[8.7] health is told at the root and under the base', async () => {
  const { url, wire } = await start()
  for (const path of ['/healthz', '/wire/healthz']) {
    const response = await fetch(url + path)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  }
  await wire.close()
})

test('[8.9] a wrong method is 405 with Allow, a wrong type 415, an unknown path 404', async () => {
  const { url } = await start()
  for (const [path, method, allow] of [
    ['/wire/publish', 'GET', 'POST, OPTIONS'],
    ['/wire/position', 'DELETE', 'GET, HEAD, OPTIONS'],
    ['/wire/history', 'POST', 'GET, HEAD, OPTIONS'],
    ['/healthz', 'PUT', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const response = await fetch(url + path, { method })
    expect([path, response.headers.get('allow')]).toEqual([path, allow])
    expect(await refusal(response)).toBe('405 method-not-allowed')
  }
  const form = await fetch(`${url}/wire/publish`, { method: 'POST', body: '{"channel":"open/1","data":1}' })
  expect(await refusal(form)).toBe('415 unsupported-media-type')
  for (const path of ['/wire/', '/wire/nothing', '/wire/constructor', '/wire/publish/']) {
    expect(await refusal(await fetch(url + path))).toBe('404 not-found')
  }
})

test('[8.9] HEAD is a GET without its body', async () => {
  const { url } = await start()
  const response = await fetch(`${url}/wire/position`, { method: 'HEAD' })
  expect([response.status, await response.text()]).toEqual([200, ''])
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
})

test('C69 nobody may do what no rule grants, and a missing channel answers as a forbidden one', async () => {
  const asked: unknown[] = []
  const { url } = await start({
    authenticate: (request) => request.headers['x-user'] && { id: request.headers['x-user'] },
    channels: {
      'pets/*': { subscribe: (user, channel) => (asked.push([user, channel]), channel === 'pets/123') },
      'closed/*': {},
    },
  })
  const history = (channel: string) =>
    fetch(`${url}/wire/history?channel=${channel}`, { headers: { 'x-user': 'ada' } })
  expect((await history('pets/123')).status).toBe(200)
  expect(asked).toEqual([[{ id: 'ada' }, 'pets/123']])
  const answers = []
  for (const channel of ['pets/124', 'closed/1', 'unknown']) {
    const response = await history(channel)
    answers.push(`${response.status} ${(await response.text()).replaceAll(channel, '*')}`)
  }
  expect(new Set(answers).size).toBe(1)
  const published = await fetch(`${url}/wire/publish`, postOf({ channel: 'pets/123', data: 1 }))
  expect(await refusal(published)).toBe('403 forbidden')
  const foreign = await fetch(`${url}/wire/publish`, postOf({ channel: '$presence/pets/123', data: 1 }))
  expect(await refusal(foreign)).toBe('403 forbidden')
})

test('C21 [9.1] [9.2] a refused token is 401, an expired one token-expired, and neither tells a secret', async () => {
  const { url, faults } = await start({
    authenticate: ({ headers }) => {
      if (headers.authorization === 'Bearer old') return { id: 'ada', exp: 1 }
      if (headers.authorization === 'Bearer none') return undefined
      throw new Error('signature of hunter2 is wrong')
    },
  })
  const ask = (token: string) =>
    fetch(`${url}/wire/position`, { headers: { authorization: `Bearer ${token}` } })
  const refused = await ask('bad')
  expect(await refused.clone().text()).not.toContain('hunter2')
  expect(await refusal(refused)).toBe('401 unauthenticated')
  expect(await refusal(await ask('old'))).toBe('401 token-expired')
  expect((await ask('none')).status).toBe(200)
  expect(faults.found).toEqual([])
})

test('[9.1] a fault of the application is 500, reported, and told to nobody', async () => {
  const fault = new Error('the table is on fire')
  const { url, faults } = await start({
    channels: { 'open/*': { subscribe: () => Promise.reject(fault) } },
  })
  const response = await fetch(`${url}/wire/history?channel=open/1`)
  expect(await response.clone().text()).not.toContain('fire')
  expect(await refusal(response)).toBe('500 internal')
  expect(faults.found).toEqual([fault])
})

test('C75 one port serves publishing, reading and health', async () => {
  const { url } = await start({ channels: openRules })
  const statuses = await Promise.all([
    fetch(`${url}/wire/publish`, postOf({ channel: 'open/1', data: 1 })),
    fetch(`${url}/wire/history?channel=open/1`),
    fetch(`${url}/healthz`),
  ])
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200])
})
