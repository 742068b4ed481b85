import { expect, test } from 'vitest'
import { memoryLog } from '../log/memory.ts'
import type { WireFormat } from './format.ts'
import { Hub } from './hub.ts'
import { Outlet } from './outlet.ts'

const format: WireFormat = {
  name: 'plain',
  message: ({ slot }) => Buffer.from(` ${slot}`),
  gap: ({ reason }) => Buffer.from(` gap:${reason}`),
  snapshot: ({ phase }) => Buffer.from(` ${phase}`),
  position: () => Buffer.alloc(0),
}
const rule = { keep: 'latest', ageMs: 1e9, count: 2, bytes: 1e9, tombstoneMs: 1e9 } as const
const around = {
  defer: (run: () => void) => void setImmediate(run),
  later: () => () => {},
  report: (error: unknown) => {
    throw error
  },
}

test('whoever is new to a channel has missed nothing, however fast retention removes', async () => {
  const log = memoryLog({ rules: () => rule })
  const hub = await Hub.open(log, () => 'latest', around)
  const put = (slot: string) => log.append([{ channel: 'c', event: 'e', data: '1', slot }])
  for (const slot of 'abc') await put(slot)
  const starts = await hub.starts(['c'], [{}])
  // Everything that was there when it asked is gone when it is read.
  for (const slot of 'defg') await put(slot)
  const written: string[] = []
  const done = Promise.withResolvers<void>()
  const link = {
    room: 64 * 1024,
    send: (bytes: Uint8Array) => {
      written.push(Buffer.from(bytes).toString())
      if (written.join('').includes('end')) done.resolve()
    },
  }
  hub.subscribe(starts, format, new Outlet(hub, link, { readFailed: around.report })).wake()
  await done.promise
  expect(written.join('')).toBe(' begin f end g')
  hub.close()
  await log.close()
})
