import { EventSource } from 'eventsource'
import { expect, onTestFinished, test } from 'vitest'
import { Queue } from '../support/queue.ts'
import { Client } from '../support/wire.ts'
import { openPetstore } from './petstore-app.ts'

interface Came {
  readonly event: string
  readonly data: unknown
  readonly id: string
}

/** A bare EventSource: what comes under these names. */
function listen(url: string, ...events: string[]): Promise<Queue<Came>> {
  const came = new Queue<Came>()
  const source = new EventSource(url)
  onTestFinished(() => source.close())
  for (const event of events) {
    source.addEventListener(event, ({ data, lastEventId }) =>
      came.push({ event, data: JSON.parse(data), id: lastEventId }),
    )
  }
  return new Promise((resolve) => source.addEventListener('connected', () => resolve(came)))
}

test('C81 C83 a bare EventSource on /v1/pets/123/updates gets statusChanged with id, status and updatedAt', async () => {
  const { url, ask } = await openPetstore()
  const updates = await listen(`${url}/v1/pets/123/updates`, 'statusChanged', 'message')
  await ask('POST', '/v1/pets/124/adopt')
  await ask('POST', '/v1/pets/123/adopt')
  await ask('POST', '/v1/pets/123/return')
  const [adopted, returned] = await updates.take(2)
  const updatedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)
  expect(adopted).toMatchObject({ event: 'statusChanged', data: { id: '123', status: 'ADOPTED', updatedAt } })
  expect(returned?.data).toEqual({ id: '123', status: 'AVAILABLE', updatedAt })
})

test('C82 medical records arrive on /v1/pets/123/medical as recordAdded', async () => {
  const { url, ask } = await openPetstore()
  const medical = await listen(`${url}/v1/pets/123/medical`, 'recordAdded')
  const { body } = await ask('POST', '/v1/pets/123/records', { kind: 'Vaccination', note: 'Booster' })
  expect(body).toMatchObject({ petId: '123', kind: 'Vaccination', note: 'Booster' })
  expect((await medical.next()).data).toEqual(body)
})

test('C84 C88 notifications reach onmessage of a bare EventSource with title and body', async () => {
  const { url, ask } = await openPetstore()
  const toasts = await listen(`${url}/v1/notifications`, 'message')
  await ask('POST', '/v1/notifications', { title: 'Open house', body: 'On Sunday' })
  expect((await toasts.next()).data).toMatchObject({ title: 'Open house', body: 'On Sunday' })
  const { body } = await ask('GET', '/v1/notifications/recent')
  expect(body.notices.map(({ title }: { title: string }) => title)).toEqual(['Open house', 'Welcome!'])
})

test('C85 C35 C69 /v1/ws takes petId and room, and says nothing of other pets', async () => {
  const { url, ask } = await openPetstore()
  const client = await Client.open(url, '/v1/ws')
  client.say({ type: 'subscribe', petId: '123' })
  expect(await client.next('subscribed')).toMatchObject({ petId: '123' })
  client.say({ action: 'subscribe', room: '125' })
  expect(await client.next('subscribed')).toMatchObject({ room: '125' })
  await ask('POST', '/v1/pets/124/adopt')
  await ask('POST', '/v1/pets/123/adopt')
  expect(await client.next('statusChanged')).toMatchObject({ petId: '123', id: '123', status: 'ADOPTED' })

  const talker = await Client.open(url, '/v1/chat')
  talker.say({ type: 'message', room: '125', text: 'hello' })
  expect(await client.next('message')).toMatchObject({ room: '125', text: 'hello' })
})

test('C85 C38 bad input on /v1/ws is answered, and the connection serves on', async () => {
  const { url } = await openPetstore()
  const client = await Client.open(url, '/v1/ws')
  client.say('{oops')
  expect(await client.next('error')).toMatchObject({ code: 'bad-json' })
  client.say({ type: 'subscribe', petId: 'a*b' })
  expect(await client.next('error')).toMatchObject({ code: 'bad-channel' })
  client.say({ type: 'subscribe', petId: 123 })
  expect(await client.next('subscribed')).toMatchObject({ petId: '123' })
})

test('C85 a bare WebSocket that comes back with a position gets what it missed', async () => {
  const { url, ask } = await openPetstore()
  const first = await Client.open(url, '/v1/ws')
  first.say({ type: 'subscribe', petId: '123' })
  const { id } = await first.next('subscribed')
  first.webSocket.close()
  await first.closed
  await ask('POST', '/v1/pets/123/adopt')
  const second = await Client.open(url, '/v1/ws')
  second.say({ type: 'subscribe', petId: '123', after: id })
  expect(await second.next('statusChanged')).toMatchObject({ status: 'ADOPTED' })
})

test('C86 two bare WebSockets on /v1/chat talk in order, and a message sent again after a drop counts once', async () => {
  const { url } = await openPetstore()
  const adopter = await Client.open(url, '/v1/chat', { headers: { cookie: 'visitor=a1.Mia.adopter' } })
  const staff = await Client.open(url, '/v1/chat', { headers: { cookie: 'visitor=c1.Omar.coordinator' } })
  for (const client of [adopter, staff]) client.say({ type: 'join', petId: '123' })
  await staff.said.find(({ type, channel }) => type === 'subscribed' && channel === 'chat/123')

  const timestamp = new Date().toISOString()
  for (let n = 1; n <= 20; n++)
    adopter.say({ type: 'message', id: `m${n}`, text: `${n}`, timestamp, user: 'Somebody else' })
  const heard = []
  for (let n = 1; n <= 20; n++) heard.push(await staff.next('message'))
  expect(heard.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`))
  expect(heard[0]).toMatchObject({ user: 'Mia', role: 'adopter', timestamp, room: '123', id: 'm1' })
  const position = heard.at(-1)?.['position']

  staff.webSocket.close()
  await staff.closed
  // Not knowing whether the last one arrived, the adopter sends it again, and goes on.
  adopter.say({ type: 'message', id: 'm20', text: '20', timestamp })
  await adopter.said.find(({ type, id, duplicate }) => type === 'sent' && id === 'm20' && duplicate === true)
  adopter.say({ type: 'message', id: 'm21', text: '21', timestamp })

  const back = await Client.open(url, '/v1/chat', { headers: { cookie: 'visitor=c1.Omar.coordinator' } })
  back.say({ type: 'join', petId: '123', after: position })
  expect(await back.next('message')).toMatchObject({ text: '21' })
  back.say({ type: 'message', text: 'Welcome back' })
  expect(await adopter.said.find(({ user }) => user === 'Omar')).toMatchObject({ role: 'coordinator' })
})

test('C86 bare clients that name no room hear each other', async () => {
  const { url } = await openPetstore()
  const one = await Client.open(url, '/v1/chat')
  const other = await Client.open(url, '/v1/chat')
  await other.next('subscribed')
  one.say({ type: 'message', text: 'anybody here?', timestamp: 1_700_000_000_000 })
  expect(await other.next('message')).toMatchObject({
    type: 'message',
    text: 'anybody here?',
    timestamp: '2023-11-14T22:13:20.000Z',
  })
})

test('C91 typing reaches the other end, and is kept nowhere', async () => {
  const { url } = await openPetstore()
  const one = await Client.open(url, '/v1/chat', { headers: { cookie: 'visitor=a1.Mia.adopter' } })
  const other = await Client.open(url, '/v1/chat')
  await other.next('subscribed')
  one.say({ type: 'typing' })
  expect(await other.next('typing')).toEqual({ type: 'typing', room: 'lobby', user: 'Mia' })
  one.say({ type: 'message', text: 'there' })
  await other.next('message')

  const late = await Client.open(url, '/v1/chat')
  late.say({ type: 'join', room: 'elsewhere' })
  late.say({ type: 'leave', room: 'lobby' })
  late.say({ type: 'join', room: 'lobby', after: 'earliest' })
  expect(await late.next('message')).toMatchObject({ text: 'there' })
  expect(late.said.seen.filter(({ type }) => type === 'typing')).toEqual([])
})

test('C87 event streams, WebSockets, polls and REST live in one application on one port', async () => {
  const { url, ask } = await openPetstore()
  const updates = await listen(`${url}/v1/pets/123/updates`, 'statusChanged')
  const socket = await Client.open(url, '/v1/ws')
  socket.say({ type: 'subscribe', petId: '123' })
  await socket.next('subscribed')
  const { position } = (await ask('GET', '/v1/pets/123')).body
  await ask('POST', '/v1/pets/123/adopt')
  const polled = await fetch(`${url}/wire/poll?channel=pets/123&after=${position}&wait=5`)
  const { messages } = (await polled.json()) as { messages: { data: unknown }[] }
  expect(messages.map(({ data }) => data)).toEqual([(await updates.next()).data])
  expect(await socket.next('statusChanged')).toMatchObject({ status: 'ADOPTED' })
})
