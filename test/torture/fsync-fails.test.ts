import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqliteLog } from '../../src/log/sqlite.ts'

interface Heard {
  readonly seq?: number
  readonly data?: number
  readonly epoch?: string
  readonly refused?: string
  readonly kept?: number
  readonly closed?: boolean
}

const run = promisify(execFile)
const stubborn = fileURLToPath(new URL('../support/stubborn.ts', import.meta.url))
const rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e12, tombstoneMs: 1e9 } as const
const noStrace =
  spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true']).status !== 0

let path = ''
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'everwire-fsync-'))
  await (await open()).close()
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const open = () => sqliteLog({ path, rules: () => rule })

/** What a publisher heard while fsync failed: from the `when`-th time on a thread on, as strace counts. */
async function publishWhileFailing(
  when: string,
  publishes: number,
  bytes: number,
  {
    of = [],
    sync = 'always',
    most = 1_000,
  }: { readonly of?: readonly string[]; readonly sync?: string; readonly most?: number } = {},
): Promise<readonly Heard[]> {
  const inject = `inject=fsync,fdatasync:error=EIO:when=${when}`
  const args = ['-f', '-o', '/dev/null', ...of, '-e', 'trace=fsync,fdatasync', '-e', inject]
  const child = [process.execPath, stubborn, path, String(publishes), String(bytes), sync, String(most)]
  const { stdout } = await run('strace', [...args, ...child])
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Heard)
}

/** Opens the log again: everything acknowledged is there, and it takes more. Answers how a reader is judged. */
async function judgeAfter(heard: readonly Heard[]) {
  const log = await open()
  const read = await log.read([{ channel: 'a', after: 0 }], { entries: 1e9, bytes: 1e9 })
  const kept = new Map(read.entries.map(({ seq, data }) => [seq, data.length]))
  const acknowledged = heard.flatMap(({ seq, data, epoch = '' }) => (seq ? [{ seq, data, epoch }] : []))
  const lost = acknowledged.filter(({ seq, data }) => kept.get(seq) !== data)
  const head = await log.head()
  const judged = new Set(acknowledged.map(({ seq, epoch }) => log.lineage.judge(seq, epoch, head)))
  const [appended] = await log.append([{ channel: 'a', event: 'e', data: '1' }])
  await log.close()
  return { lost, judged: [...judged], isNew: appended?.seq === head + 1 && head >= acknowledged.length }
}

test.skipIf(noStrace).each([
  ['once', '20'],
  ['from then on', '20+'],
])(
  'when an fsync fails %s, nothing more is acknowledged, reads go on, and readers are told afterwards (strace)',
  { timeout: 60_000 },
  async (_name, when) => {
    const heard = await publishWhileFailing(when, 30, 10)
    const first = heard.findIndex(({ refused }) => refused !== undefined)
    expect(first).toBeGreaterThan(3)
    expect(heard.slice(0, first).every(({ seq }) => seq !== undefined)).toBe(true)
    const refusals = heard.slice(first, -1)
    expect(refusals.length).toBeGreaterThan(3)
    for (const { refused, kept } of refusals) {
      expect(refused).toMatch(/nothing more is appended until the log is opened again; check the disk/)
      expect(kept).toBe(first)
    }
    expect(heard.at(-1)).toEqual({ closed: true })
    expect(await judgeAfter(heard)).toEqual({ lost: [], judged: ['tail-unproved'], isNew: true })
  },
)

test.skipIf(noStrace)(
  'when only the file fails and not the journal, nothing more is acknowledged either (strace)',
  { timeout: 60_000 },
  async () => {
    // Larger than what the journal takes before it is carried over into the file.
    const heard = await publishWhileFailing('2+', 800, 60_000, { of: ['-P', join(path, 'log.db')], most: 3 })
    const first = heard.findIndex(({ refused }) => refused !== undefined)
    expect(first).toBeGreaterThan(100)
    expect(heard[first]?.refused).toMatch(/nothing more is appended until the log is opened again/)
    expect(heard.slice(first).map(({ kept, closed }) => kept ?? closed)).toEqual([first, first, first, true])
    expect(await judgeAfter(heard)).toEqual({ lost: [], judged: ['tail-unproved'], isNew: true })
  },
)

test.skipIf(noStrace)(
  'with sync: interval a failed fsync ends the acknowledgements too, and readers are told afterwards (strace)',
  { timeout: 60_000 },
  async () => {
    const heard = await publishWhileFailing('12', 400, 10, { sync: 'interval' })
    const first = heard.findIndex(({ refused }) => refused !== undefined)
    expect(first).toBeGreaterThan(0)
    expect(heard.slice(first, -1).every(({ refused, kept }) => refused !== undefined && kept === first)).toBe(
      true,
    )
    expect(await judgeAfter(heard)).toEqual({ lost: [], judged: ['tail-unproved'], isNew: true })
  },
)
