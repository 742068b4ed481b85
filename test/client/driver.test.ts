import { expect, test } from 'vitest'
import { drive } from '../../src/client/driver.ts'
import type { Transport } from '../../src/client/transports/transport.ts'

/** A driver with WebSockets that do only what the test does, and a clock that it moves. */
function stage() {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  const opened: { readonly handlers: Parameters<Transport['open']>[1]; readonly sent: string[] }[] = []
  const websocket: Transport = {
    fixed: false,
    open(_request, handlers) {
      const sent: string[] = []
      opened.push({ handlers, sent })
      return { send: ({ text }) => void sent.push(text), close() {} }
    },
  }
  const env = {
    transports: { websocket, sse: websocket, poll: websocket },
    now: () => now,
    random: () => 0.5,
    later(ms: number, run: () => void) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    key: () => 'key',
    report(error: unknown) {
      throw error
    },
  }
  const fixed = () => {
    throw new Error('nothing here is fixed')
  }
  const options = { transports: ['websocket'] as const }
  const driver = drive(
    ['/wire'],
    options,
    env,
    () => ({ starts: fixed, refused: fixed }),
    () => {},
  )
  return {
    driver,
    opened,
    async pass(ms: number) {
      now += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue
        timer.run()
      }
      // A dial fetches its token first.
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

async function live() {
  const { driver, opened, pass } = stage()
  driver.tell('shown')
  await pass(0)
  const [first] = opened
  if (!first) throw new Error('nothing was opened')
  first.handlers.opened({ type: 'welcome', protocol: 1, heartbeatMs: 25_000 } as never, undefined)
  return { driver, opened, pass, first }
}

const refOf = (sent: readonly string[]): number => JSON.parse(sent.at(-1) ?? '{}').ref

test('C59: what was on its way before a WebSocket was asked is no answer: another is opened beside it', async () => {
  const { driver, opened, pass, first } = await live()
  first.handlers.received({ type: 'ping', ref: refOf(first.sent) })
  await pass(10_000)
  driver.tell('shown')
  first.handlers.heard()
  first.handlers.received({ type: 'ping' })
  first.handlers.received({ type: 'message', channel: 'a', event: 'n', data: 1, time: 0 })
  await pass(400)
  expect(opened).toHaveLength(2)
})

test('C59: the answer to what it was asked is one', async () => {
  const { driver, opened, pass, first } = await live()
  first.handlers.received({ type: 'ping', ref: refOf(first.sent) })
  await pass(10_000)
  driver.tell('shown')
  first.handlers.heard()
  first.handlers.received({ type: 'ping', ref: refOf(first.sent) })
  await pass(1_500)
  expect(opened).toHaveLength(1)
})
