// Whether the generator sees what it is there to see: `node bench/load/check.ts` serves it faults, and frames and chunks
// cut at every byte.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { buildTools, loadPath } from '../lab.ts'

type Wire = 'ws' | 'sse'

const heads = {
  ws: 'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  sse: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
}

function message(n: number, pad: number): Buffer {
  return Buffer.from(JSON.stringify({ ts: Number(process.hrtime.bigint()), n, d: 'x'.repeat(pad) }))
}

function frame(opcode: number, payload: Buffer, last = true): Buffer {
  const { length } = payload
  const size =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 255]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255]
  return Buffer.concat([Buffer.from([(last ? 0x80 : 0) | opcode, ...size]), payload])
}

function encoded(wire: Wire, payload: Buffer): Buffer {
  if (wire === 'ws') return frame(1, payload)
  const event = Buffer.concat([Buffer.from('id: 7\ndata: '), payload, Buffer.from('\n\n')])
  return Buffer.concat([Buffer.from(`${event.length.toString(16)}\r\n`), event, Buffer.from('\r\n')])
}

/** Runs the generator with two subscribers against a server that does `story` with each connection's socket. */
async function told(
  wire: Wire,
  story: (socket: Socket, which: number) => void,
): Promise<Record<string, number>> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.write(heads[wire]))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const begin = () => sockets.forEach(story)
  process.once('SIGUSR2', begin)
  const load = spawn(loadPath, [
    `--transport=${wire}`,
    `--port=${port}`,
    '--connections=2',
    '--settle=0.05',
    `--pids=${process.pid}`,
    '--signal',
    '--warm=0',
    '--window=0.3',
  ])
  let out = ''
  load.stdout.on('data', (chunk) => (out += chunk))
  await once(load, 'close')
  process.off('SIGUSR2', begin)
  for (const socket of sockets) socket.destroy()
  server.close()
  return JSON.parse(out)
}

let failures = 0

async function expect(
  what: string,
  wire: Wire,
  wanted: Record<string, number>,
  story: (socket: Socket, which: number) => void,
) {
  const result = await told(wire, story)
  const wrong = Object.entries(wanted).filter(([name, value]) => result[name] !== value)
  const clean = ['lost', 'doubled', 'silent', 'dropped', 'faults', 'gaps'].filter(
    (name) => !(name in wanted) && result[name] !== 0,
  )
  if (wrong.length + clean.length > 0) failures++
  console.log(`${wrong.length + clean.length === 0 ? 'ok  ' : 'FAIL'} ${wire} ${what}`)
  for (const [name, value] of wrong) console.log(`     ${name} is ${result[name]}, not ${value}`)
  for (const name of clean) console.log(`     ${name} is ${result[name]}, not 0`)
}

buildTools()
// The generator signals twice: to begin, and to end.
process.on('SIGUSR2', () => {})

for (const wire of ['ws', 'sse'] as const) {
  const send = (socket: Socket, ...numbers: number[]) => {
    for (const n of numbers) socket.write(encoded(wire, message(n, 90)))
  }
  await expect('sees all of it', wire, { deliveries: 8 }, (socket) => send(socket, 1, 2, 3, 4))
  await expect('sees one lost', wire, { lost: 1 }, (socket, which) =>
    which ? send(socket, 1, 3, 4) : send(socket, 1, 2, 3, 4),
  )
  await expect('sees the first lost', wire, { lost: 1 }, (socket, which) =>
    which ? send(socket, 2, 3) : send(socket, 1, 2, 3),
  )
  await expect('sees the last lost', wire, { lost: 1 }, (socket, which) =>
    which ? send(socket, 1, 2) : send(socket, 1, 2, 3),
  )
  await expect('sees one doubled', wire, { doubled: 1 }, (socket, which) =>
    which ? send(socket, 1, 2, 2, 3) : send(socket, 1, 2, 3),
  )
  await expect('sees one late', wire, { doubled: 1, lost: 1 }, (socket, which) =>
    which ? send(socket, 1, 3, 2, 4) : send(socket, 1, 2, 3, 4),
  )
  await expect('sees a subscriber that gets nothing', wire, { silent: 1 }, (socket, which) =>
    which ? undefined : send(socket, 1, 2),
  )
  await expect('sees one dropped', wire, { dropped: 1 }, (socket, which) => {
    send(socket, 1, 2)
    if (which) socket.end()
  })
  await expect('sees a gap', wire, { gaps: 2, deliveries: 2 }, (socket) => {
    socket.write(encoded(wire, Buffer.from('{"type":"gap","channel":"m"}')))
    send(socket, 1)
  })
  await expect('takes long messages', wire, { deliveries: 6 }, (socket) => {
    for (const [i, pad] of [1, 20_000, 100_000].entries()) socket.write(encoded(wire, message(i + 1, pad)))
  })
  await expect('takes bytes one by one', wire, { deliveries: 6 }, (socket) => {
    socket.setNoDelay()
    const bytes = Buffer.concat([1, 2, 3].map((n) => encoded(wire, message(n, 60))))
    let at = 0
    const next = () => {
      if (at < bytes.length && socket.write(bytes.subarray(at, ++at))) setImmediate(next)
    }
    next()
  })
}
await expect('takes fragments, with a ping between', 'ws', { deliveries: 2 }, (socket) => {
  const whole = message(1, 90)
  socket.write(frame(1, whole.subarray(0, 9), false))
  socket.write(frame(9, Buffer.from('?')))
  socket.write(frame(0, whole.subarray(9, 30), false))
  socket.write(frame(0, whole.subarray(30)))
})
process.exitCode = failures === 0 ? 0 : 1
