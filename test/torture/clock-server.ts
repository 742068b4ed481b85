// The server whose clock jumps: node test/torture/clock-server.ts <folder>; prints its port. Whoever says
// `?token=name.exp` is that user until then.
import { everwire } from '../../src/index.ts'

const [store = ''] = process.argv.slice(2)
const wire = everwire<{ readonly id: string; readonly exp: number }>({
  store,
  channels: { '*': { subscribe: true, publish: true, presence: true } },
  heartbeatMs: 1_000,
  authenticate: ({ query }) => {
    const [id = '', exp = ''] = query.get('token')?.split('.') ?? []
    return id === '' ? undefined : { id, exp: Number(exp) }
  },
})
const { port } = await wire.listen(0, '127.0.0.1')
process.stdout.write(`${JSON.stringify({ port })}\n`)
process.stdin.on('close', () => void wire.close()).resume()
