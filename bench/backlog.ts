// What lies in a channel before its readers come.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lab } from './lab.ts'
import { sqliteLog } from '../src/log/sqlite.ts'

/** A store with a million messages in the channel `m`. */
export const millionPath = join(lab, 'million')
export const million = 1_000_000

const text = (n: number) => {
  const head = `{"ts":0,"n":${n},"d":"`
  return `${head}${'x'.repeat(126 - head.length)}"}`
}

/** Makes that store anew: its form may have changed since the last run. */
export async function storeOfMillion(): Promise<void> {
  if (existsSync(millionPath)) rmSync(millionPath, { recursive: true })
  const rule = { keep: 'all', ageMs: 1e9, count: 2 * million, bytes: 1e10, tombstoneMs: 1e9 } as const
  const log = await sqliteLog({ path: millionPath, rules: () => rule, sync: 'interval' })
  const under: unknown[] = []
  for (let n = 1; n <= million; n += 100) {
    const batch = Array.from({ length: 100 }, (_, i) => ({
      channel: 'm',
      event: 'message',
      data: text(n + i),
    }))
    under.push(log.append(batch))
    if (under.length >= 32) await under.shift()
  }
  await Promise.all(under)
  await log.close()
}

/** Publishes so many messages to the channel `back`, and has late subscribers ask for what came after the position before. */
export function behind(count: number) {
  return async (port: number, transport: string): Promise<readonly string[]> => {
    const base = `http://127.0.0.1:${port}/wire`
    const { id }: { id: string } = await (await fetch(`${base}/position`)).json()
    const batch = Array.from({ length: count }, (_, i) => `{"channel":"back","data":${text(i + 1)}}`)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${base}/publish`, { method: 'POST', headers, body: `[${batch.join(',')}]` })
    if (!answer.ok) throw new Error(`the backlog was refused: ${await answer.text()}`)
    return transport === 'sse'
      ? [`--late-path=/wire/sse?channel=back&after=${id}`]
      : [`--late-send={"type":"subscribe","channel":"back","after":"${id}"}`]
  }
}
