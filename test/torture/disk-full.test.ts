import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Log } from '../../src/log/log.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'

const rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e12, tombstoneMs: 1e9 } as const
const noRoot = process.platform !== 'linux' || process.getuid?.() !== 0

const diskBytes = 6 * 1024 * 1024

let mount = ''
let filler = ''
const open = () => sqliteLog({ path: join(mount, 'data'), rules: () => rule })
const noRoom = expect.objectContaining({
  code: 'store-unavailable',
  message: expect.stringMatching(/no room.*free disk space/),
})

beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'everwire-full-'))
  filler = join(mount, 'filler')
  if (!noRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'none', mount])
})
afterEach(() => {
  if (!noRoot) execFileSync('umount', ['--lazy', mount])
  rmSync(mount, { recursive: true })
})

/** Takes all the room there is. */
function fill(): void {
  const { blocks, bsize } = statfsSync(mount)
  if (blocks * bsize !== diskBytes) throw new Error(`${mount} is not the small disk that is to be filled`)
  const handle = openSync(filler, 'w')
  try {
    for (const size of [65_536, 4_096, 1]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    }
  } finally {
    closeSync(handle)
  }
}

/** Publishes until it is refused, several at a time; answers what was acknowledged. */
async function publishUntilRefused(log: Log, size: number) {
  const acknowledged: { readonly seq: number; readonly data: string }[] = []
  const reasons: unknown[] = []
  const lane = async (name: number) => {
    for (let i = 0; reasons.length === 0; i++) {
      const data = JSON.stringify(`${name} ${i} ${'x'.repeat(size)}`)
      try {
        const [appended] = await log.append([{ channel: 'a', event: 'e', data }])
        if (appended) acknowledged.push({ seq: appended.seq, data })
      } catch (error) {
        reasons.push(error)
      }
    }
  }
  await Promise.all([1, 2, 3, 4].map(lane))
  return { acknowledged, reasons }
}

async function everything(log: Log) {
  const { entries } = await log.read([{ channel: 'a', after: 0 }], { entries: 1e9, bytes: 1e9 })
  return new Map(entries.map(({ seq, data }) => [seq, data]))
}

test.skipIf(noRoot)(
  'a full disk refuses publishes and says so, loses nothing, goes on reading, and takes more when there is room (Linux, root)',
  { timeout: 60_000 },
  async () => {
    const log = await open()
    const all: { readonly seq: number; readonly data: string }[] = []
    for (const size of [10, 3_000, 50_000]) {
      fill()
      const { acknowledged, reasons } = await publishUntilRefused(log, size)
      all.push(...acknowledged)
      expect(reasons).toContainEqual(noRoom)
      const kept = await everything(log)
      expect(all.filter(({ seq, data }) => kept.get(seq) !== data)).toEqual([])
      rmSync(filler)
      await log.append([{ channel: 'b', event: 'e', data: '1' }])
    }
    const { name } = log.lineage.current
    await log.close()

    const again = await open()
    const kept = await everything(again)
    expect(all.filter(({ seq, data }) => kept.get(seq) !== data)).toEqual([])
    expect(again.lineage.judge(1, name, await again.head())).toBeUndefined()
    await again.close()
  },
)

test.skipIf(noRoot)(
  'a log on a full disk closes, is not opened again, says so, and opens when there is room (Linux, root)',
  async () => {
    const log = await open()
    await log.append([{ channel: 'a', event: 'e', data: '1' }])
    fill()
    await log.close()
    // What the journal took is free again.
    rmSync(filler)
    fill()
    await expect(open()).rejects.toEqual(noRoom)
    rmSync(filler)
    const again = await open()
    expect((await everything(again)).size).toBe(1)
    await again.close()
  },
)
