import { on } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { PollAnswer } from '../../src/protocol/messages.ts'
import { sequenceOf } from '../../src/protocol/position.ts'
import { refusal, start } from './start.ts'

const channels = {
  'open/*': { subscribe: true, publish: true },
  'short/*': { subscribe: true, publish: true, count: 2 },
} as const

async function poll(url: string, query: string): Promise<PollAnswer> {
  const response = await fetch(`${url}/wire/poll?wait=0&${query}`)
  expect(response.status).toBe(200)
  return (await response.json()) as PollAnswer
}

test('[2.5] a message has the same id for whoever reads it, by history, poll, SSE and WebSocket', async () => {
  const { wire, url, port } = await start({ channels })
  const start0 = await wire.position()
  await wire.publish('open/2', 'x', 0)
  const { id } = await wire.publish('open/1', 'x', 1)
  const { messages } = await wire.history('open/1')
  expect(messages.map((message) => message.id)).toEqual([id])
  const polled = await poll(url, `channel=open/1&after=${start0}`)
  expect(polled.messages.map((message) => message.id)).toEqual([id])
  const stream = await fetch(`${url}/wire/sse?channel=open/1&after=${start0}`)
  let text = ''
  for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece
    if (text.includes('event: x\n')) break
  }
  expect(text).toContain(`event: x\nid: ${id}\n`)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/wire/ws?channel=open/1&after=${start0}`)
  for await (const [data] of on(socket, 'message')) {
    const message: unknown = JSON.parse(String(data))
    if (typeof message !== 'object' || message === null || !('event' in message)) continue
    expect(message).toMatchObject({ type: 'message', id })
    break
  }
  socket.close()
})

test('[2.10] a quiet channel gives no false gap, however much was trimmed from others', async () => {
  const { wire, url } = await start({ channels })
  await wire.publish('short/quiet', 'x', 'only')
  const after = await wire.position()
  for (let n = 1; n <= 20; n++) await wire.publish('short/busy', 'x', n)
  const quiet = await poll(url, `channel=short/quiet&after=${after}`)
  expect([quiet.messages, quiet.gaps]).toEqual([[], []])
})

test('[3.4] what retention has removed before it was read is told as a gap before the next message', async () => {
  const { wire, url } = await start({ channels })
  const after = await wire.position()
  const ids: (string | undefined)[] = []
  for (let n = 1; n <= 5; n++) ids.push((await wire.publish('short/1', 'x', n)).id)
  const { messages, gaps, id } = await poll(url, `channel=short/1&after=${after}`)
  expect(messages.map(({ data }) => data)).toEqual([4, 5])
  expect(gaps).toMatchObject([
    { type: 'gap', channel: 'short/1', after, oldest: ids[3], head: ids[4], reason: 'expired' },
  ])
  expect(await poll(url, `channel=short/1&after=${id}`)).toMatchObject({ messages: [], gaps: [] })
  const earliest = await poll(url, 'channel=short/1&after=earliest')
  expect([earliest.messages.length, earliest.gaps]).toEqual([2, []])
})

test.each(['after=earliest', 'last=2', 'last=9', 'last=1', 'after=1-aaaaaaaaaaaa'])(
  '[2.11] [3.4] the first message follows the start at %s, whatever was trimmed before',
  async (query) => {
    const { wire, url, port } = await start({ channels })
    for (let n = 1; n <= 5; n++) await wire.publish('short/1', 'x', n)
    const seen: { type?: string; id?: string; previous?: string }[] = []
    const socket = new WebSocket(`ws://127.0.0.1:${port}/wire/ws?channel=short/1&${query}`)
    for await (const [data] of on(socket, 'message')) {
      seen.push(JSON.parse(String(data)))
      if (seen.at(-1)?.type === 'message') break
    }
    socket.close()
    const from = seen.find(({ type }) => type === 'gap') ?? seen.find(({ type }) => type === 'subscribed')
    expect(sequenceOf(seen.at(-1)?.previous ?? '')).toBeLessThanOrEqual(sequenceOf(from?.id ?? ''))
    const { messages, gaps } = await poll(url, `channel=short/1&${query}`)
    expect(messages.at(-1)?.data).toBe(5)
    expect(gaps.map(({ reason }) => reason)).toEqual(query.endsWith('a') ? ['other-log'] : [])
  },
)

test.each([
  ['after=yesterday', '400 bad-position'],
  ['after=1-', '400 bad-position'],
  ['after=01-aaaaaaaaaaaa', '400 bad-position'],
  ['after=9007199254740993-aaaaaaaaaaaa', '400 bad-position'],
  ['after=now&last=1', '400 bad-message'],
  ['last=10001', '400 bad-message'],
  ['last=-1', '400 bad-message'],
])('[3.1] a start of %s is refused with %s, on SSE and poll', async (query, expected) => {
  const { url } = await start({ channels })
  for (const path of ['sse', 'poll']) {
    expect(await refusal(await fetch(`${url}/wire/${path}?channel=open/1&${query}`))).toBe(expected)
  }
})
