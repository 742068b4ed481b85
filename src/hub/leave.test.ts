import { expect, test } from 'vitest'
import { memoryLog } from '../log/memory.ts'
import { Hub } from './hub.ts'
import { Outlet } from './outlet.ts'

const rule = { keep: 'all', ageMs: 1e12, count: 1e6, bytes: 1e9, tombstoneMs: 1e6 } as const
const format = {
  name: 'one byte a message',
  message: () => Uint8Array.of(1),
  gap: () => new Uint8Array(),
  snapshot: () => new Uint8Array(),
  position: () => new Uint8Array(),
}
const report = (error: unknown) => {
  throw error
}

/** How many readers had written when what they wrote was let go, and at the end of the turn. */
async function written(readers: Readonly<Record<string, number>>): Promise<readonly number[]> {
  const log = memoryLog({ rules: () => rule })
  const seen: number[] = []
  let sent = 0
  const flushed = Promise.withResolvers<void>()
  const hub = await Hub.open(log, () => 'all', {
    defer: (run) => {
      setImmediate(() => {
        run()
        flushed.resolve()
      })
    },
    leave: () => void seen.push(sent),
    later: () => () => {},
    report,
  })
  const link = { room: 1e6, send: () => void sent++ }
  for (const [channel, count] of Object.entries(readers)) {
    for (let n = 0; n < count; n++) {
      hub.subscribe(
        [{ channel, after: 0, fresh: false }],
        format,
        new Outlet(hub, link, { readFailed: report }),
      )
    }
  }
  await log.append(Object.keys(readers).map((channel) => ({ channel, event: 'e', data: '1' })))
  await flushed.promise
  hub.close()
  await log.close()
  return [...seen, sent]
}

test('of a busy channel the first readers have their bytes while the others still take theirs', async () => {
  expect(await written({ a: 100 })).toEqual([32, 64, 96, 100])
  expect(await written({ a: 31 })).toEqual([31])
})

test('what several channels bring in one turn waits for its end, as one reader may have them all', async () => {
  expect(await written({ a: 100, b: 100 })).toEqual([200])
})
