import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sqliteLog } from '../../src/log/sqlite.ts'

const rule = { keep: 'all', ageMs: 1e9, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 } as const

test('a position that a page has reached is within the head, though its publisher has not been answered', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-head-'))
  const log = await sqliteLog({ path: folder, rules: () => rule })
  onTestFinished(async () => {
    await log.close()
    await rm(folder, { recursive: true })
  })
  // Whatever the writer says from now on is held back, as when its thread does not get its turn.
  const held: (() => void)[] = []
  const first = new Set<Worker>()
  const emit = Worker.prototype.emit
  const spy = vi.spyOn(Worker.prototype, 'emit').mockImplementation(function (this: Worker, ...args) {
    if (first.size === 0) first.add(this)
    if (!first.has(this)) return Reflect.apply(emit, this, args)
    held.push(() => Reflect.apply(emit, this, args))
    return true
  })
  const appended = log.append([{ channel: 'a', event: 'm', data: '1' }])
  await vi.waitFor(() => expect(held.length).toBeGreaterThan(0))
  const { through } = await log.read([{ channel: 'a', after: 0 }], { entries: 10, bytes: 1_000 })
  expect(through).toBe(1)
  expect(log.lineage.judge(through, log.lineage.current.name, await log.head())).toBeUndefined()
  spy.mockRestore()
  for (const say of held) say()
  expect(await appended).toMatchObject([{ seq: 1 }])
})
