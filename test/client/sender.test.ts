import { expect, test } from 'vitest'
import type { OpenLine } from '../../src/client/rider.ts'
import { Sender } from '../../src/client/sender.ts'
import type { PublishOptions } from '../../src/client/types.ts'

/** A sender on a line that writes down what it carries, with a clock of its own. */
function open(limit = 1_000) {
  const sent: { readonly ref: number; readonly text: string }[] = []
  const timers = new Set<() => void>()
  let refs = 0
  let now = 0
  let up = true
  const line: OpenLine = {
    transport: 'websocket',
    welcome: { dedupeMs: 1_000 },
    access: { base: '', headers: undefined, credentials: undefined, token: undefined },
    send: ({ ref, text }) => void sent.push({ ref: Number(ref), text }),
  }
  const sender = new Sender(
    {
      line: () => (up ? line : undefined),
      welcome: () => line.welcome,
      nextRef: () => ++refs,
      now: () => now,
      later: (_ms, run) => {
        timers.add(run)
        return () => void timers.delete(run)
      },
      key: () => `k${refs}`,
      renews: false,
      tell: () => {},
    },
    limit,
  )
  return {
    sender,
    timers,
    sent,
    refs: () => sent.map(({ ref }) => ref),
    publish: (options: PublishOptions = {}) => sender.publish('a', 'm', refs, options),
    refuse: (ref: number) => sender.received({ type: 'error', code: 'forbidden', message: 'no', ref }),
    /** The line is gone for so long, and another comes. */
    drop(ms: number, meanwhile: () => void = () => {}) {
      up = false
      sender.lost()
      meanwhile()
      now += ms
      up = true
      sender.adopted()
    },
  }
}

test('what waits behind publishes that are refused goes out, and nobody waits for an answer that came', async () => {
  const { publish, refs, timers, refuse } = open()
  const outcomes = Array.from({ length: 100 }, () => publish())
  const settled = Promise.allSettled(outcomes)
  expect(refs()).toHaveLength(64)
  for (let ref = 1; ref <= 100; ref++) refuse(ref)
  expect(refs()).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  expect(timers.size).toBe(0)
})

test('what was under way when a connection was lost goes out again first, the same to the byte', async () => {
  const { sender, publish, sent, refs, drop } = open()
  const first = publish()
  void publish()
  sender.received({ type: 'published', duplicate: false, ref: 1 })
  expect(await first).toEqual({ duplicate: false })
  drop(500, () => void publish())
  expect(refs()).toEqual([1, 2, 2, 3])
  expect(sent[2]).toEqual(sent[1])
})

test('what was tried and is older than the memory of keys is unknown; what chose "always" is repeated', async () => {
  const { publish, refs, drop } = open()
  const unknown = publish().catch((error: unknown) => error)
  void publish({ retry: 'always' })
  drop(1_000, () => void publish())
  expect(refs()).toEqual([1, 2, 2, 3])
  expect(await unknown).toMatchObject({ code: 'unknown' })
})

test('a refused one settles only itself, once', async () => {
  const { sender, publish, timers, refuse } = open()
  const [first, second] = [publish(), publish()]
  refuse(1)
  sender.received({ type: 'published', duplicate: true, ref: 1 })
  await expect(first).rejects.toMatchObject({ code: 'forbidden' })
  // The other is still waited for.
  expect(timers.size).toBe(1)
  sender.received({ type: 'published', duplicate: true, ref: 2 })
  expect(await second).toEqual({ duplicate: true })
})

test('[4.6] each names the one before that is not answered, and is the same when it goes out again', () => {
  const { sender, publish, sent, timers } = open()
  void publish()
  void publish()
  const behind = () => sent.map(({ text }) => JSON.parse(text).behind)
  expect(behind()).toEqual([undefined, 1])
  for (const ref of [1, 2]) sender.received({ type: 'error', code: 'overloaded', message: 'later', ref })
  for (const run of timers) run()
  expect(sent.slice(2)).toEqual(sent.slice(0, 2))
  for (const ref of [1, 2]) sender.received({ type: 'published', duplicate: false, ref })
  void publish()
  expect(behind()).toEqual([undefined, 1, undefined, 1, undefined])
})

test('it is bounded', async () => {
  const { publish } = open(1)
  void publish()
  await expect(publish()).rejects.toMatchObject({ code: 'outbox-full' })
})
