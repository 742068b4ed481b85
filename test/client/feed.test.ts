import { connect } from 'everwire/client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hostOf } from '../../src/client/channel.ts'
import { Feed } from '../../src/client/tabs/feed.ts'
import type { EverwireOptions } from '../../src/index.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { openWire } from '../support/wire.ts'

/** A feed of a channel at a server, and readers that come and go. */
async function openFeed(options: EverwireOptions = {}) {
  const { wire, base } = await openWire(options)
  const upstream = connect(base, { transports: ['websocket'] })
  onTestFinished(() => upstream.close())
  const host = hostOf(upstream.channel('tabs'))
  const feed = new Feed(host, 'a')
  const read = (port: string, after = 'earliest') => {
    const told: ServerMessage[] = []
    feed.join(port, { after }, 1, (message) => told.push(message))
    const numbers = () => told.flatMap((message) => (message.type === 'message' ? [message.data] : []))
    // What comes again its tab drops by its position.
    const fresh = () =>
      numbers().filter((n, i, all) => all.slice(0, i).every((before) => Number(before) < Number(n)))
    const types = () => told.map(({ type }) => type)
    return { told, numbers, fresh, types }
  }
  let sent = 0
  const publish = async (count = 1) => {
    for (let i = 0; i < count; i++) await wire.publish('a', 'n', sent++)
  }
  return { wire, upstream, feed, read, publish, host }
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('a feed', () => {
  test('brings a late reader what it has missed, once, then what was held meanwhile, in order', async () => {
    const { feed, read, publish, host } = await openFeed()
    const first = read('p')
    await publish(3)
    await expect.poll(first.numbers).toEqual(upTo(3))
    const late = read('q')
    // Held: it catches up as soon as an answer has come.
    expect(late.told).toEqual([])
    await publish(2)
    await expect.poll(first.numbers).toEqual(upTo(5))
    await expect.poll(late.fresh).toEqual(upTo(5))
    expect(late.types()[0]).toBe('subscribed')
    // It stands where the connection stood when it came, or further.
    const places = late.told.flatMap((message) =>
      message.type === 'subscribed' && message.id ? [message.id] : [],
    )
    expect(places).toHaveLength(1)
    const before = late.told.length
    await publish()
    await expect.poll(() => late.numbers().at(-1)).toBe(5)
    expect(late.told).toHaveLength(before + 1)
    feed.leave('p')
    await publish()
    await expect.poll(() => late.numbers().at(-1)).toBe(6)
    expect(first.numbers()).toEqual(upTo(6))
    feed.leave('q')
    expect([feed.empty, host.subscriptions.find('a')]).toEqual([true, undefined])
  })

  test('begins where its first reader does, and each later one where it says', async () => {
    const { wire, read, publish } = await openFeed()
    await publish(4)
    const { messages } = await wire.history('a', { limit: 10 })
    const first = read('p', messages[2]?.id)
    await expect.poll(first.numbers).toEqual([3])
    const others = [read('q', messages[0]?.id), read('r', 'earliest'), read('s', messages[3]?.id)]
    const all = [[1, 2, 3], [0, 1, 2, 3], []]
    for (const [i, other] of others.entries()) {
      await expect.poll(() => other.types().filter((type) => type === 'subscribed').length).toBe(2)
      expect(other.numbers()).toEqual(all[i])
    }
    await publish()
    for (const [i, other] of others.entries())
      await expect.poll(other.numbers).toEqual([...(all[i] ?? []), 4])
  })

  test('hands on what was held when no poll has brought it', async () => {
    const { read, publish } = await openFeed()
    const first = read('p')
    await publish(2)
    await expect.poll(first.numbers).toEqual(upTo(2))
    const answered = Promise.withResolvers<void>()
    const passed = Promise.withResolvers<void>()
    const { fetch } = globalThis
    vi.stubGlobal('fetch', async (...asked: Parameters<typeof fetch>) => {
      const answer = await fetch(...asked)
      answered.resolve()
      await passed.promise
      return answer
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const late = read('q')
    await answered.promise
    // Behind the answer, which is still on its way.
    await publish(2)
    await expect.poll(first.numbers).toEqual(upTo(4))
    expect(late.told).toEqual([])
    passed.resolve()
    await expect.poll(late.numbers).toEqual(upTo(4))
  })

  test('asks again until a late reader has all that the connection has had', async () => {
    // An answer ends with the first message beyond this.
    const { read, publish } = await openFeed({ limits: { unsentBytes: 1 } })
    const first = read('p')
    await publish(3)
    await expect.poll(first.numbers).toEqual(upTo(3))
    const late = read('q')
    const stands = () => late.told.flatMap((one) => (one.type === 'subscribed' && one.id ? [one.id] : []))
    await expect.poll(stands).toHaveLength(1)
    expect(late.types()).toEqual(['subscribed', 'message', 'message', 'message', 'subscribed'])
    expect(late.numbers()).toEqual(upTo(3))
  })

  test('tells nothing to a reader that has left while it caught up, nor twice to one that came back', async () => {
    const { feed, read, publish } = await openFeed()
    const first = read('p')
    await publish(3)
    await expect.poll(first.numbers).toEqual(upTo(3))
    const left = read('q')
    feed.leave('q')
    const back = read('q')
    await expect.poll(back.numbers).toEqual(upTo(3))
    await publish()
    await expect.poll(back.numbers).toEqual(upTo(4))
    expect(left.told).toEqual([])
  })

  test('that is refused tells every reader', async () => {
    const { wire, base } = await openWire({ dev: false, channels: { b: { subscribe: true } } })
    const upstream = connect(base)
    onTestFinished(async () => {
      upstream.close()
      await wire.close()
    })
    const feed = new Feed(hostOf(upstream.channel('tabs')), 'a')
    const told: ServerMessage[][] = [[], []]
    for (const [i, each] of told.entries())
      feed.join(`p${i}`, { after: 'now' }, i, (message) => each.push(message))
    for (const each of told) await expect.poll(() => each.map(({ type }) => type)).toContain('error')
  })
})
