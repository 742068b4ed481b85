import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

interface Held {
  readonly connections: number
  readonly channels: number
  readonly fds: number
  readonly resources: Readonly<Record<string, number>>
  readonly listeners: number
  readonly bytes: number
}

/** A server in a process of its own, and what it holds now. */
async function serve() {
  const script = fileURLToPath(new URL('leaks/server.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the child has no pipes')
  const lines = createInterface({ input: stdout })
  const next = async <T>(): Promise<T> => JSON.parse(((await once(lines, 'line')) as [string])[0])
  const { port } = await next<{ port: number }>()
  const ask = async (line: string): Promise<Held> => {
    const answer = next<Held>()
    stdin.write(`${line}\n`)
    return answer
  }
  /** Once the last connection has gone. */
  const atRest = async (): Promise<Held> => {
    for (;;) {
      const { connections, fds } = await ask('look')
      if (connections === 0 && fds <= (await ask('look')).fds) return ask('collect')
    }
  }
  return { port, ask, atRest }
}

const greetings = {
  websocket: { says: '"subscribed"', request: upgrade },
  sse: { says: 'event: connected', request: (channel: string) => get(`sse?channel=${channel}`) },
  poll: {
    // A held one says nothing: it is let go once its request has gone out.
    says: undefined,
    request: (channel: string, position: string) => get(`poll?wait=60&channel=${channel}&after=${position}`),
  },
} as const

function get(target: string): string {
  return `GET /wire/${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`
}

function upgrade(channel: string): string {
  return get(`ws?channel=${channel}`).replace(
    '\r\n\r\n',
    '\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
}

interface Place {
  readonly port: number
  readonly position: string
}

/** Comes and goes: greeted or not, politely, by a reset, or in the middle of its request. */
function visit({ port, position }: Place, transport: keyof typeof greetings, n: number): Promise<void> {
  const { says, request } = greetings[transport]
  const text = request(`a/${n % 100}`, position)
  return new Promise((resolve) => {
    const leave = () => (n % 2 === 0 ? socket.resetAndDestroy() : socket.end())
    const socket = connect(port, '127.0.0.1', () => {
      if (n % 10 === 0) socket.write(text.slice(0, n % text.length), leave)
      else if (n % 10 === 1 || says === undefined) socket.write(text, leave)
      else socket.write(text)
    })
    let heard = ''
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (says !== undefined && heard.includes(says)) leave()
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve())
  })
}

async function visits(place: Place, transport: keyof typeof greetings, count: number): Promise<void> {
  let n = 0
  const lane = async () => {
    while (n < count) await visit(place, transport, n++)
  }
  await Promise.all(Array.from({ length: 40 }, lane))
}

test.skipIf(process.platform !== 'linux').for(['websocket', 'sse', 'poll'] as const)(
  'C14 nothing remains of 5,000 clients that came by %s and left, however they did (Linux: /proc)',
  { timeout: 60_000 },
  async (transport) => {
    const { port, ask, atRest } = await serve()
    await ask('publish')
    const response = await fetch(`http://127.0.0.1:${port}/wire/position`, {
      headers: { connection: 'close' },
    })
    const place = { port, position: ((await response.json()) as { id: string }).id }
    await visits(place, transport, 2_000)
    const before = await atRest()
    await visits(place, transport, 5_000)
    const after = await atRest()
    const { bytes: _bytes, ...rest } = after
    expect(rest).toEqual({ ...before, bytes: undefined })
    expect(after.channels).toBe(0)
    // 5,000 of anything would be more. What finalizers hold goes a while later.
    const grown = async () => ((await ask('collect')).bytes - before.bytes) / 1024
    await expect.poll(grown, { timeout: 20_000 }).toBeLessThan(1_000)
  },
)
