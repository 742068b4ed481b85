import { test } from 'vitest'
import { connect } from '../../src/client/index.ts'
import { hostileProxy, hostilities, type Hostility } from './hostile.ts'
import { openOrigin } from './origin.ts'

/** What the SDK comes to rest on, and why. */
const expected: readonly (readonly [Hostility, reason: RegExp])[] = [
  ['refused', /^sse: websocket blocked$/],
  ['stripped', /^sse: websocket blocked$/],
  // A slow machine may not get as far as a welcome before it is killed.
  ['killed', /^sse: websocket (killed|silent|blocked)$/],
  ['swallowed', /^sse: websocket silent$/],
  ['body held', /^poll: websocket blocked, sse buffered$/],
  ['all held', /^poll: websocket blocked, sse blocked$/],
  ['no post', /^sse: websocket blocked$/],
  ['http/1.0', /^sse: websocket blocked$/],
]

const named = expected.map(([path, reason]) => ({ path, what: hostilities[path], reason }))

test.concurrent.for(named)(
  'C51 C52 C53 the SDK loses nothing where $what',
  async ({ path, reason }, { expect, onTestFinished }) => {
    const origin = await openOrigin()
    const proxy = await hostileProxy(path, origin.port)
    const wire = connect(`${proxy.url}/wire`)
    onTestFinished(async () => {
      wire.close()
      await proxy.close()
      await origin.close()
    })
    let taken = ''
    wire.on('transport', ({ transport, reason: why }) => (taken = `${transport}: ${why}`))
    const got: unknown[] = []
    const rests = new Promise<void>((resolve) => {
      wire.channel('a', { after: 'earliest' }).on('n', ({ data }) => {
        got.push(data)
        if (reason.test(taken)) resolve()
      })
    })
    const numbers: number[] = []
    const publishing = setInterval(() => {
      numbers.push(numbers.length)
      void origin.wire.publish('a', 'n', numbers.length - 1)
    }, 50)
    await rests
    clearInterval(publishing)
    await expect.poll(() => got, { timeout: 5_000 }).toEqual(numbers)
    expect(taken).toMatch(reason)
  },
)
