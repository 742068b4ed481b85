import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { everwire } from '../../src/index.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'
import { checksumOf } from '../../src/log/sqlite/checksum.ts'
import { doubtOf } from '../../src/log/sqlite/opening.ts'

const rule = { keep: 'all', ageMs: 1e9, count: 1e9, bytes: 1e9, tombstoneMs: 1e9 } as const
const entry = { channel: 'a', event: 'e', data: '1' }

const newFolder = () => mkdtempSync(join(tmpdir(), 'everwire-unproved-'))
const template = newFolder()
afterAll(() => rmSync(template, { recursive: true }))
let before = ''

/** Opens, appends one entry and closes; answers its position. */
async function run(folder: string, warnings: string[] = []): Promise<string> {
  const log = await sqliteLog({ path: folder, rules: () => rule, warn: (text) => warnings.push(text) })
  await log.append([entry])
  const position = log.lineage.positionAt(await log.head())
  await log.close()
  return position
}

beforeAll(async () => {
  const file = join(template, 'log.db')
  before = await run(template)
  copyFileSync(file, `${file}-copy`)
  await run(template)
}, 60_000)

/** A log that was opened twice, and beside it what it was after the first time. */
function spoiled(spoil: (file: string) => void): string {
  const folder = newFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(template, folder, { recursive: true })
  spoil(join(folder, 'log.db'))
  return folder
}

function inFile(file: string, statement: string): void {
  const db = new DatabaseSync(file)
  db.exec(statement)
  db.close()
}

function restoreCopy(file: string): void {
  copyFileSync(`${file}-copy`, file)
}

test.for([
  ['a write has failed', /a write had failed/, (file: string) => writeFileSync(doubtOf(file), 'EIO')],
  [
    'its end does not fit together',
    /lie beyond the end/,
    (file: string) => inFile(file, `UPDATE log SET head = 1, checksum = ${checksumOf(1)}`),
  ],
  [
    'the power was cut without an fsync',
    /not synced at every commit/,
    (file: string) => inFile(file, "UPDATE log SET sync = 'interval', clean = 0, boot = 'another'"),
  ],
  ['an older copy was restored', /ends before what it had acknowledged/, restoreCopy],
] as const)(
  'a log that opens after %s says so once, and why',
  { timeout: 60_000 },
  async ([, reason, spoil]) => {
    const folder = spoiled(spoil)
    const warnings: string[] = []
    await run(folder, warnings)
    expect(warnings).toEqual([expect.stringMatching(reason)])
    await run(folder, warnings)
    expect(warnings).toHaveLength(1)
  },
)

test('a log that has all it had acknowledged opens without a word', { timeout: 60_000 }, async () => {
  const warnings: string[] = []
  await run(
    spoiled(() => {}),
    warnings,
  )
  expect(warnings).toEqual([])
})

test('a server warns of a log that cannot prove its end, and tells the readers from before', async () => {
  const folder = spoiled(restoreCopy)
  const warnings: string[] = []
  const logger = {
    error: (details: object) => void warnings.push(JSON.stringify(details)),
    warn: (_details: object, message: string) => void warnings.push(message),
  }
  const wire = everwire({ store: folder, dev: true, logger })
  onTestFinished(() => wire.close())
  const { url } = await wire.listen(0, '127.0.0.1')
  const answer = await fetch(`${url}/wire/poll?channel=a&wait=0&after=${before}`, {
    headers: { connection: 'close' },
  })
  expect(await answer.json()).toMatchObject({ gaps: [{ reason: 'tail-unproved' }] })
  expect(warnings).toEqual([expect.stringContaining(folder)])
  expect(warnings[0]).toContain('tail-unproved')
})
