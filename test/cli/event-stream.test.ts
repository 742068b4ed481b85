import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { EventReader } from '../support/wire.ts'
import { endCommands, startServer } from './command.ts'

afterEach(endCommands)

async function publish(base: string, channel: string, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    const body = JSON.stringify({ channel, data: { n } })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${base}/publish`, { method: 'POST', headers, body })).status).toBe(200)
  }
}

test('C12 C20 [2.2] one Last-Event-ID resumes two channels on SQLite, over a cut and over kill -9 of the server', async () => {
  const data = await mkdtemp(join(tmpdir(), 'everwire-stream-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const { command, port, url: origin } = await startServer({ options: ['--data', data] })
  const base = `${new URL(origin).origin}/wire`
  const url = `${base}/sse?channel=a&channel=b`
  const got: string[] = []
  const take = async (reader: EventReader, count: number) => {
    for (let i = 0; i < count; i++) {
      const {
        channel,
        data: { n },
      } = JSON.parse((await reader.next('message')).data)
      got.push(`${channel}${n}`)
    }
  }

  const live = await EventReader.open(url)
  await live.next('connected')
  await publish(base, 'a', [1, 2])
  await publish(base, 'b', [1])
  await take(live, 3)
  const cutAt = live.lastEventId ?? ''
  live.close()
  await publish(base, 'b', [2])
  await publish(base, 'a', [3])

  const resumed = await EventReader.open(url, { headers: { 'Last-Event-ID': cutAt } })
  await take(resumed, 1)
  const killedAt = resumed.lastEventId ?? ''
  command.kill('SIGKILL')
  await command.ended

  await startServer({ port, options: ['--data', data] })
  const again = await EventReader.open(url, { headers: { 'Last-Event-ID': killedAt } })
  await publish(base, 'b', [3])
  await take(again, 2)
  expect(got).toEqual(['a1', 'a2', 'b1', 'b2', 'a3', 'b3'])
  expect(again.lastEventId).not.toBe(killedAt)
})
