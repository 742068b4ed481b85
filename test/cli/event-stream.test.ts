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
  /** Takes so many messages, and answers the id of the last: others may have arrived already. */
  const take = async (reader: EventReader, count: number): Promise<string> => {
    let last = ''
    for (let i = 0; i < count; i++) {
      const { id = '', data } = await reader.next('message')
      const message = JSON.parse(data)
      got.push(`${message.channel}${message.data.n}`)
      last = id
    }
    return last
  }

  const live = await EventReader.open(url)
  await live.next('connected')
  await publish(base, 'a', [1, 2])
  await publish(base, 'b', [1])
  const cutAt = await take(live, 3)
  live.close()
  await publish(base, 'b', [2])
  await publish(base, 'a', [3])

  const resumed = await EventReader.open(url, { headers: { 'Last-Event-ID': cutAt } })
  const killedAt = await take(resumed, 1)
  command.kill('SIGKILL')
  await command.ended

  await startServer({ port, options: ['--data', data] })
  const again = await EventReader.open(url, { headers: { 'Last-Event-ID': killedAt } })
  await publish(base, 'b', [3])
  await take(again, 2)
  expect(got).toEqual(['a1', 'a2', 'b1', 'b2', 'a3', 'b3'])
})
