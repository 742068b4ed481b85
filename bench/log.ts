// What the logs do on this machine: `npm exec -c 'node bench/log.ts'` (memory and SQLite; `sqlite` or `memory` for one).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log, Rule } from '../src/log/log.ts'
import { memoryLog } from '../src/log/memory.ts'
import { sqliteLog } from '../src/log/sqlite.ts'

const data = JSON.stringify('x'.repeat(254))
const keepAll: Rule = { keep: 'all', ageMs: 1e9, count: 100_000, bytes: 1e9, tombstoneMs: 1e9 }
const keepFew: Rule = { ...keepAll, count: 100 }
const rules = (channel: string) => (channel.startsWith('few') ? keepFew : keepAll)

function print(what: string, value: number, unit: string): void {
  console.log(`${what.padEnd(62)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit}`)
}

async function rate(count: number, inFlight: number, one: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const lane = async () => {
    while (next < count) await one(next++)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, lane))
  return (count / (performance.now() - began)) * 1_000
}

async function measure(name: string, log: Log): Promise<void> {
  console.log(`\n${name}`)
  const append = async (channel: string, i: number, key?: string) =>
    log.append([
      { channel, event: 'e', data, ...(key ? { key: { principal: 'p', key: `${key}${i}` } } : {}) },
    ])
  const flood = 100_000
  const appends = 'appends of 256 B, 256 in flight'
  print(`${appends}, 1 channel`, await rate(flood, 256, (i) => append('one', i)), '/s')
  print(`${appends}, 1 channel, with keys`, await rate(flood, 256, (i) => append('one', i, 'k')), '/s')
  print(`${appends}, 100 channels`, await rate(flood, 256, (i) => append(`c${i % 100}`, i)), '/s')
  print(`${appends}, 100 channels that trim`, await rate(flood, 256, (i) => append(`few${i % 100}`, i)), '/s')
  print('appends of 256 B, one after the other', await rate(2_000, 1, (i) => append('one', i)), '/s')
  const page = (channels: readonly string[], entries: number) => (i: number) =>
    log.read(
      channels.map((channel) => ({ channel, after: i * 200 })),
      { entries, bytes: 1e9 },
    )
  const ms = async (one: (i: number) => Promise<unknown>) => 1_000 / (await rate(200, 1, one))
  print('a page of 1,000 entries of 1 channel', await ms(page(['one'], 1_000)), 'ms')
  print('a page of 256 entries of 1 channel', await ms(page(['one'], 256)), 'ms')
  const many = Array.from({ length: 100 }, (_, i) => `c${i}`)
  print('a page of 256 entries of 100 channels', await ms(page(many, 256)), 'ms')
}

const [only] = process.argv.slice(2)
if (only !== 'sqlite') {
  const log = memoryLog({ rules })
  await measure('memory', log)
  await log.close()
}
if (only !== 'memory') {
  const path = mkdtempSync(join(tmpdir(), 'everwire-bench-'))
  const log = await sqliteLog({ path, rules })
  await measure("sqlite, sync: 'always'", log)
  await log.close()
  rmSync(path, { recursive: true })
}
