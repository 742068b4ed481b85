import { describe, expect, test } from 'vitest'
import type { PollAnswer } from '../../src/protocol/messages.ts'
import { Client, EventReader, openWire } from '../support/wire.ts'

/** What a wire says of one channel, whatever its shape there. */
type Seen = { readonly type: string } & Readonly<Record<string, unknown>>

interface Wire {
  /** What comes next that is a message, a gap or a snapshot's mark. */
  next(): Promise<Seen>
}

type Open = (base: string, channel: string, after: string) => Promise<Wire>

const telling = new Set(['message', 'gap', 'snapshot'])

const transports: Readonly<Record<string, Open>> = {
  async WebSocket(base, channel, after) {
    const client = await Client.open(base)
    await client.subscribe(channel, { after })
    return { next: () => client.said.find(({ type }) => telling.has(type)) }
  },
  async SSE(base, channel, after) {
    const stream = await EventReader.open(`${base}/sse?channel=${channel}&envelope=1&after=${after}`)
    await stream.next('connected')
    return {
      next: async () =>
        JSON.parse((await stream.events.find(({ event = 'message' }) => telling.has(event))).data),
    }
  },
  async poll(base, channel, after) {
    let position = after
    const waiting: Seen[] = []
    const ask = async () => {
      const answer = await fetch(`${base}/poll?channel=${channel}&after=${position}`)
      const { messages, gaps, snapshots, id }: PollAnswer = JSON.parse(await answer.text())
      const [begin, ...end] = snapshots
      for (const seen of [...gaps, ...(begin ? [begin] : []), ...messages, ...end]) waiting.push({ ...seen })
      position = id
    }
    // One with a position is held.
    if (after === 'now' || after === 'earliest') await ask()
    return {
      async next() {
        while (waiting.length === 0) await ask()
        const [first] = waiting.splice(0, 1)
        if (!first) throw new Error('a poll has answered nothing')
        return first
      },
    }
  },
}

describe.each(Object.entries(transports))('over %s', (name, open) => {
  test('[1.2] [2.5] [2.11] keep all: every message, in order, with its id and the one before it', async () => {
    const { base, wire } = await openWire()
    const reader = await open(base, 'a', 'now')
    const publishing = (async () => {
      for (let i = 0; i < 30; i++) await wire.publish('a', 'n', i)
    })()
    let previous: unknown = '0'
    for (let i = 0; i < 30; i++) {
      const message = await reader.next()
      expect(message).toMatchObject({ type: 'message', channel: 'a', data: i, previous })
      previous = message['id']
      expect(previous).toMatch(new RegExp(`^${i + 1}-[0-9a-z]+$`))
    }
    await publishing
  })

  test('[3.4] keep all: what retention has removed is a gap, told before the next message', async () => {
    const { base, wire } = await openWire({ channels: { short: { count: 3 }, '**': {} } })
    const start = (await wire.publish('short', 'n', 0)).id ?? ''
    for (let i = 1; i < 10; i++) await wire.publish('short', 'n', i)
    const reader = await open(base, 'short', start)
    expect(await reader.next()).toMatchObject({
      type: 'gap',
      channel: 'short',
      after: start,
      reason: 'expired',
      oldest: expect.stringMatching(/^8-/),
      head: expect.stringMatching(/^10-/),
    })
    for (const data of [7, 8, 9]) expect(await reader.next()).toMatchObject({ type: 'message', data })
  })

  test('[1.3] [3.3] [5.4] keep latest: the state between marks, then changes, removals included', async () => {
    const { base, wire } = await openWire({ channels: { state: { keep: 'latest' }, '**': {} } })
    await wire.publish('state', 'set', 1, { slot: 'x' })
    await wire.publish('state', 'set', 2, { slot: 'x' })
    await wire.publish('state', 'set', 3, { slot: 'y' })
    const reader = await open(base, 'state', 'now')
    expect(await reader.next()).toMatchObject({ type: 'snapshot', phase: 'begin' })
    expect(await reader.next()).toMatchObject({ data: 2, slot: 'x' })
    expect(await reader.next()).toMatchObject({ data: 3, slot: 'y' })
    expect(await reader.next()).toMatchObject({ type: 'snapshot', phase: 'end' })
    await wire.publish('state', 'set', null, { slot: 'x', removed: true })
    const removal = await reader.next()
    expect(removal).toMatchObject({ type: 'message', data: null, slot: 'x', removed: true })
    expect(removal).not.toHaveProperty('previous')
  })

  test('[1.4] keep none: signals have no id, and nothing of them is kept', async () => {
    const { base, wire } = await openWire({ channels: { typing: { keep: 'none' }, '**': {} } })
    await wire.publish('typing', 'typing', 'before')
    const reader = await open(base, 'typing', name === 'poll' ? await wire.position() : 'earliest')
    const next = reader.next()
    // A held poll listens once its request has arrived.
    await expect.poll(() => wire.stats()).toMatchObject({ connections: 1 })
    await wire.publish('typing', 'typing', 'after')
    const signal = await next
    expect(signal).toMatchObject({ type: 'message', event: 'typing', data: 'after' })
    expect(signal).not.toHaveProperty('id')
    expect(signal).not.toHaveProperty('previous')
  })
})
