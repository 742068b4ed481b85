// The server under load: prints its port; a line `{"count","size","perSecond"}` makes it publish and is answered when
// that is done, an empty one is answered with what the server holds.
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { everwire } from '../../../src/index.ts'

const [store = '', stallMs = '30000'] = process.argv.slice(2)
const wire = everwire({
  store,
  // A connection is looked at four times as often.
  heartbeatMs: 10_000,
  channels: { bulk: { keep: 'all', count: 1e6, bytes: '1GB', subscribe: true } },
  limits: { stallMs: Number(stallMs) },
})
const { port } = await wire.listen(0, '127.0.0.1')
const answer = (value: object) => void process.stdout.write(`${JSON.stringify(value)}\n`)
answer({ port })

let n = 0
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== '') await publish(JSON.parse(line))
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  const { user, system } = process.cpuUsage()
  answer({ sockets, id: await wire.position(), cpu: (user + system) / 1e6 })
}
await wire.close()

/** At that pace; each says when it began, by the clock that all processes of a machine share. */
async function publish({ count, size, perSecond }: { count: number; size: number; perSecond: number }) {
  const pad = 'x'.repeat(size)
  const started = performance.now()
  for (let done = 0; done < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - started) * perSecond) / 1_000))
    const batch = Array.from({ length: Math.min(100, due - done) }, () => {
      const t = Number(process.hrtime.bigint())
      return wire.publish('bulk', 'message', { n: ++n, t, pad })
    })
    done += batch.length
    await Promise.all(batch)
    await wait(1_000 / perSecond)
  }
}
