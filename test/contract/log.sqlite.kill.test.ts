import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { sqliteLog } from '../../src/log/sqlite.ts'

const publisher = fileURLToPath(new URL('../support/publisher.ts', import.meta.url))
const rule = { keep: 'all', ageMs: 1e9, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 } as const
const channels = ['c0', 'c1', 'c2']
const path = mkdtempSync(join(tmpdir(), 'everwire-kill-'))
afterEach(() => rmSync(path, { recursive: true, force: true }))

interface Acknowledged {
  readonly seq: number
  readonly message: number
  readonly epoch: string
}

/** Starts a publisher, kills it after so many acknowledgements, and gives all that it had printed. */
async function publishUntilKilled(start: number, count: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [publisher, path, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const [seq, message, epoch = ''] = line.split(' ')
    acknowledged.push({ seq: Number(seq), message: Number(message), epoch })
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  return acknowledged
}

test('after kill -9 every acknowledged entry and key is there, and no reader has a gap', async () => {
  const all: Acknowledged[] = []
  for (const [round, count] of [300, 40, 700].entries()) {
    all.push(...(await publishUntilKilled(round * 1_000_000, count)))
  }
  const log = await sqliteLog({ path, rules: () => rule })
  const { entries, through } = await log.read(
    channels.map((channel) => ({ channel, after: 0 })),
    { entries: 1e9, bytes: 1e9 },
  )
  const kept = new Map(entries.map(({ seq, data }) => [seq, data]))
  expect(all.length).toBeGreaterThanOrEqual(1_040)
  expect(all.filter(({ seq, message }) => kept.get(seq) !== String(message))).toEqual([])
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: through }, (_, i) => i + 1))

  expect(log.lineage.epochs.map(({ proved }) => proved)).toEqual([true, true, true, true])
  expect(all.filter(({ seq, epoch }) => log.lineage.judge(seq, epoch, through) !== undefined)).toEqual([])

  const again = await log.append(
    all.map(({ message }) => ({
      channel: `c${message % 3}`,
      event: 'e',
      data: String(message),
      key: { principal: 'publisher', key: String(message) },
    })),
  )
  expect(again.map(({ seq, duplicate }) => [seq, duplicate])).toEqual(all.map(({ seq }) => [seq, true]))
  await log.close()
}, 60_000)
