import { describe, expect, test } from 'vitest'
import type { PollAnswer } from '../../src/protocol/messages.ts'
import { openWire } from '../support/wire.ts'

async function poll(base: string, query: string): Promise<PollAnswer> {
  const answer = await fetch(`${base}/poll?${query}`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  return JSON.parse(await answer.text())
}

describe('GET poll', () => {
  test('C54 [8.1] the first, without a position, is answered at once with one', async () => {
    const { base } = await openWire()
    expect(await poll(base, 'channel=a')).toEqual({
      messages: [],
      gaps: [],
      snapshots: [],
      id: expect.stringMatching(/^0-[0-9a-z]{10,24}$/),
    })
  })

  test('C54 [8.1] one with a position is held until there is something', async () => {
    const { base, wire } = await openWire()
    const { id } = await poll(base, 'channel=a&channel=b')
    const held = poll(base, `channel=a&channel=b&after=${id}`)
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await Promise.all([wire.publish('b', 'n', 1), wire.publish('a', 'n', 2)])
    const answer = await held
    expect(answer.messages).toEqual([
      {
        type: 'message',
        channel: 'b',
        id: expect.stringMatching(/^1-/),
        event: 'n',
        data: 1,
        time: expect.any(Number),
        previous: '0',
      },
      {
        type: 'message',
        channel: 'a',
        id: expect.stringMatching(/^2-/),
        event: 'n',
        data: 2,
        time: expect.any(Number),
        previous: '0',
      },
    ])
    expect(answer.id).toBe(answer.messages[1]?.id)
    expect(await wire.stats()).toMatchObject({ connections: 0, channels: 0 })
  })

  test('[8.1] [2.9] the wait ends it with a position that has moved', async () => {
    const { base, wire } = await openWire()
    const { id } = await poll(base, 'channel=a')
    await wire.publish('elsewhere', 'n', 1)
    const answer = await poll(base, `channel=a&after=${id}&wait=0.02`)
    expect(answer).toMatchObject({ messages: [], id: expect.stringMatching(/^1-/) })
  })

  test('[8.1] one that does not say how long it waits is held for a heartbeat, as a path lets a stream be quiet', async () => {
    const { base } = await openWire({ heartbeatMs: 50 })
    const { id } = await poll(base, 'channel=a')
    expect(await poll(base, `channel=a&after=${id}`)).toMatchObject({ messages: [], id })
  })

  test('C54 C55 [2.2] nothing is lost or twice between polls', async () => {
    const { base, wire } = await openWire()
    const got: unknown[] = []
    let { id } = await poll(base, 'channel=a&channel=b')
    const publishing = (async () => {
      for (let i = 0; i < 1_000; i += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, j) => wire.publish(j % 3 ? 'a' : 'b', 'n', i + j)))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    while (got.length < 1_000) {
      const answer = await poll(base, `channel=a&channel=b&after=${id}&wait=5`)
      got.push(...answer.messages.map(({ data }) => data))
      id = answer.id
    }
    await publishing
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
  })

  test('an answer is bounded, and the rest comes with the next', async () => {
    const { base, wire } = await openWire()
    const pad = 'x'.repeat(30_000)
    for (let i = 0; i < 20; i++) await wire.publish('a', 'n', { i, pad })
    const got: number[] = []
    let after = 'earliest'
    while (got.length < 20) {
      const answer = await fetch(`${base}/poll?channel=a&after=${after}`)
      const text = await answer.text()
      expect(text.length).toBeLessThan(130_000)
      const page: PollAnswer = JSON.parse(text)
      got.push(...page.messages.map(({ data }) => (data as { i: number }).i))
      after = page.id
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('[2.6] a gap, a snapshot and a signal have their places', async () => {
    const { base, wire } = await openWire({
      channels: { 'now/*': { keep: 'latest' }, 'typing/*': { keep: 'none' }, '**': {} },
    })
    await wire.publish('now/x', 'set', 1)
    const first = await poll(base, 'channel=now/x&channel=a&after=3-otherepoch00')
    expect(first.gaps.map(({ channel, reason }) => [channel, reason])).toEqual([
      ['now/x', 'other-log'],
      ['a', 'other-log'],
    ])
    expect(first.snapshots.map(({ phase }) => phase)).toEqual(['begin', 'end'])
    expect(first.messages.map(({ data }) => data)).toEqual([1])
    const { id } = await poll(base, 'channel=typing/a')
    const held = poll(base, `channel=typing/a&after=${id}`)
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await wire.publish('typing/a', 'typing', 'u')
    const [signal] = (await held).messages
    expect(signal).toMatchObject({ data: 'u' })
    expect(signal).not.toHaveProperty('id')
  })

  test.each([
    ['no channel', '', 400, 'bad-channel'],
    ['a wait over a minute', 'channel=a&wait=61', 400, 'bad-message'],
    ['a wait that is no number', 'channel=a&after=now&wait=x', 400, 'bad-message'],
    ['what is no position', 'channel=a&after=x', 400, 'bad-position'],
  ])('[9.1] %s is refused', async (_, query, status, code) => {
    const { base } = await openWire()
    const answer = await fetch(`${base}/poll?${query}`)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ error: { code } })
  })

  test('C14 a peer that leaves leaves nothing behind', async () => {
    const { base, wire } = await openWire()
    const { id } = await poll(base, 'channel=a')
    const abort = new AbortController()
    const held = fetch(`${base}/poll?channel=a&after=${id}`, { signal: abort.signal })
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1, channels: 1 })
    abort.abort()
    await expect(held).rejects.toThrow('aborted')
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 0, channels: 0 })
  })

  test('a server that goes away answers what it holds', async () => {
    const { base, wire } = await openWire()
    const { id } = await poll(base, 'channel=a')
    const held = poll(base, `channel=a&after=${id}`)
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await wire.close()
    expect(await held).toMatchObject({ messages: [], id })
  })
})

test('POST poll takes the same as JSON', async () => {
  const { base, wire } = await openWire()
  const ask = async (body: object): Promise<PollAnswer> => {
    const answer = await fetch(`${base}/poll`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    return JSON.parse(await answer.text())
  }
  const { id } = await ask({ channels: ['a', 'b'] })
  await wire.publish('b', 'n', 1)
  expect((await ask({ channels: ['a', 'b'], after: id, wait: 1 })).messages).toHaveLength(1)
  expect((await ask({ channels: ['a', 'b'], last: 1 })).messages).toHaveLength(1)
})
