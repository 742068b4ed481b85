import { everwire } from '../../src/index.ts'

// The server under load: prints its port, publishes as many messages as standard input asks for, and what that took.
const [store = ''] = process.argv.slice(2)
const wire = everwire({
  store,
  channels: { bulk: { keep: 'all', count: 1e6, bytes: '1GB', subscribe: true } },
})
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${JSON.stringify({ port })}\n`)

const pad = 'x'.repeat(1_000)
let n = 0
for await (const chunk of process.stdin) {
  const count = Number(String(chunk).trim())
  for (let i = 0; i < count; i += 100) {
    const batch = Array.from({ length: Math.min(100, count - i) }, () => ({ n: ++n, pad }))
    await Promise.all(batch.map((data) => wire.publish('bulk', 'message', data)))
  }
  process.stdout.write(`${JSON.stringify({ published: n })}\n`)
}
await wire.close()
