import { connect } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { endCommands, startServer, type Command } from './command.ts'

afterEach(endCommands)

/** A WebSocket that says nothing ever, not even that it has understood the end. */
async function muteSocket(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(
    'GET /wire/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes('"welcome"')) return
  }
}

const closing = (command: Command) => command.stderr.some((line) => line.includes('"type":"closing"'))

test('a peer that never goes away delays the end by 2 s at most', async () => {
  const { command, port } = await startServer()
  await muteSocket(port)
  const before = performance.now()
  command.kill('SIGTERM')
  expect(await command.ended).toBe(0)
  expect(performance.now() - before).toBeLessThan(4_000)
})

test('a second signal ends at once', async () => {
  const { command, port } = await startServer()
  await muteSocket(port)
  command.kill('SIGTERM')
  await command.until(closing)
  const before = performance.now()
  command.kill('SIGTERM')
  expect(await command.ended).toBe(130)
  expect(performance.now() - before).toBeLessThan(1_000)
})
