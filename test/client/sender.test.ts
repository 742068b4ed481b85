import { expect, test } from 'vitest'
import type { OpenLine } from '../../src/client/driver.ts'
import { Sender } from '../../src/client/sender.ts'

/** A sender on a line that writes down what it carries. */
function open() {
  const sent: number[] = []
  const timers = new Set<() => void>()
  let refs = 0
  const line: OpenLine = {
    transport: 'websocket',
    starts: undefined,
    welcome: {},
    access: { base: '', headers: undefined, credentials: undefined, token: undefined },
    position: undefined,
    send: ({ ref }) => void sent.push(Number(ref)),
  }
  const sender = new Sender(
    {
      line: () => line,
      welcome: () => line.welcome,
      nextRef: () => ++refs,
      now: () => 0,
      later: (_ms, run) => {
        timers.add(run)
        return () => void timers.delete(run)
      },
      key: () => 'k',
      renews: false,
      tell: () => {},
    },
    1_000,
  )
  const refuse = (ref: number) => sender.received({ type: 'error', code: 'forbidden', message: 'no', ref })
  return { sender, sent, timers, refuse }
}

test('what waits behind publishes that are refused goes out, and nobody waits for an answer that came', async () => {
  const { sender, sent, timers, refuse } = open()
  const outcomes = Array.from({ length: 100 }, (_, n) => sender.publish('a', 'm', n))
  const settled = Promise.allSettled(outcomes)
  expect(sent).toHaveLength(64)
  for (let ref = 1; ref <= 100; ref++) refuse(ref)
  expect(sent).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  expect(timers.size).toBe(0)
})
