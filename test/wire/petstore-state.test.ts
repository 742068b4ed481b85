import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Outbox } from '../../examples/petstore/server/outbox.ts'
import { Shelter } from '../../examples/petstore/server/shelter.ts'
import { Chain } from '../../examples/petstore/web/live/chain.ts'
import { Count } from '../../examples/petstore/web/live/count.ts'
import { openPetstore } from './petstore-app.ts'

function shelterFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'petstore-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'shelter.sqlite')
}

test('a change between position and state is in the state and in what comes after the position', async () => {
  const inBetween = { happen: async () => {} }
  const { url, ask } = await openPetstore({ beforeRead: () => inBetween.happen() })
  inBetween.happen = async () => {
    inBetween.happen = async () => {}
    await ask('POST', '/v1/pets/123/adopt')
  }
  const page = (await ask('GET', '/v1/pets/123')).body
  expect(page.status).toBe('ADOPTED')
  const polled = await fetch(`${url}/wire/poll?channel=pets/123&after=${page.position}&wait=5`)
  const { messages } = (await polled.json()) as { messages: { event: string; data: { status: string } }[] }
  expect(messages.map(({ event, data }) => [event, data.status])).toEqual([['statusChanged', 'ADOPTED']])
})

test('who adopts second is told so, and only the adopter or the staff can undo it', async () => {
  const { ask } = await openPetstore()
  const [mia, omar] = ['a1.Mia.adopter', 'a2.Omar.adopter']
  expect((await ask('POST', '/v1/pets/125/adopt', {}, mia)).status).toBe(200)
  expect(await ask('POST', '/v1/pets/125/adopt', {}, omar)).toMatchObject({
    status: 409,
    body: { error: { code: 'already-adopted' } },
  })
  expect((await ask('POST', '/v1/pets/125/return', {}, omar)).status).toBe(403)
  expect((await ask('POST', '/v1/pets/125/return', {}, mia)).status).toBe(200)
  expect((await ask('POST', '/v1/pets/999/adopt', {}, mia)).status).toBe(404)
})

test('records and notifications are for the staff, and are checked', async () => {
  const { ask } = await openPetstore()
  const record = { kind: 'Check-up', note: 'Fine' }
  expect((await ask('POST', '/v1/pets/123/records', record, 'a1.Mia.adopter')).status).toBe(403)
  expect((await ask('POST', '/v1/pets/123/records', record, 'a1.Mia.coordinator')).status).toBe(201)
  expect((await ask('POST', '/v1/pets/123/records', { kind: 'Magic', note: '' })).status).toBe(422)
  expect((await ask('POST', '/v1/notifications', { title: '', body: 'x' })).status).toBe(422)
})

test('what a killed process had written down is published after its next start, with the same keys', async () => {
  const file = shelterFile()
  const before = new Shelter(file)
  before.setStatus('123', 'ADOPTED', 'Mia')
  before.setStatus('124', 'ADOPTED', 'Mia')
  const keys = before.unannounced('shelter', 10).map(({ key }) => key)
  before.close()

  const after = new Shelter(file)
  onTestFinished(() => after.close())
  expect(after.pet('123')?.status).toBe('ADOPTED')
  const published: string[] = []
  const outbox = new Outbox(after, 'shelter', {
    publish: async (channel, _event, _data, { key }) => published.push(`${channel} ${key}`),
  })
  await outbox.flush()
  expect(published).toEqual([`pets/123 ${keys[0]}`, `pets/124 ${keys[1]}`])
  await outbox.flush()
  expect(published).toHaveLength(2)
})

test('a publish that fails is repeated with its key before the next one', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const shelter = new Shelter(shelterFile())
  onTestFinished(() => shelter.close())
  shelter.tick(2)
  const attempts: string[] = []
  const outbox = new Outbox(shelter, 'ticker', {
    publish: async (_channel, _event, data, { key }) => {
      attempts.push(`${JSON.stringify(data)} ${key}`)
      if (attempts.length === 1) throw new Error('away')
    },
  })
  const flushed = outbox.flush()
  await vi.runAllTimersAsync()
  await flushed
  expect(attempts).toHaveLength(3)
  expect(attempts[1]).toBe(attempts[0])
  expect(attempts[2]).toContain('{"n":2}')
})

test('the page counts what is lost, late and doubled by itself', () => {
  const count = new Count()
  for (const n of [7, 8, 11, 12, 12, 9]) count.take(n)
  expect([count.received, count.lost, count.doubled, count.highest]).toEqual([5, 1, 1, 12])
  count.take(10)
  expect([count.lost, count.late]).toEqual([0, 2])
})

test('the page sees a chain of messages that is broken or comes twice', () => {
  const chain = new Chain()
  expect(chain.take('5-x', '3-x')).toEqual({ lost: 0, doubled: 0 })
  expect(chain.take('9-x', '5-x')).toEqual({ lost: 0, doubled: 0 })
  expect(chain.take('9-x', '5-x')).toEqual({ lost: 0, doubled: 1 })
  expect(chain.take('14-x', '12-x')).toEqual({ lost: 1, doubled: 0 })
})
