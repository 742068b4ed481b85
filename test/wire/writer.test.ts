import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { Writer } from '../../src/node/writer.ts'
import { listening } from '../support/port.ts'

/** A socket that takes one write at a time, when it is told to. */
function heldSocket() {
  const writes: Buffer[] = []
  let taken: (() => void) | undefined
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk)
      taken = done
    },
    writev(chunks, done) {
      writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)))
      taken = done
    },
  })
  const take = async () => {
    const done = taken
    taken = undefined
    done?.()
    await turn()
  }
  return { socket, writes, take }
}

/** The least that a link adds to a writer. */
class Link extends Writer {
  readonly #drained: () => void

  constructor(socket: Writable, limit: number, elapsed: () => number, drained: () => void) {
    super(socket, limit, { elapsed })
    this.#drained = drained
  }

  close(): void {
    this.finish()
  }

  destroy(): void {
    this.drop()
  }

  protected override drained(): void {
    this.#drained()
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what a turn brings leaves in one write', async () => {
  const { socket, writes } = heldSocket()
  const writer = new Link(
    socket,
    1_000,
    () => 0,
    () => {},
  )
  for (const text of ['a', 'b', 'c']) writer.send(Buffer.from(text))
  expect(writes).toEqual([])
  await turn()
  expect(writes.map(String)).toEqual(['abc'])
  expect(writer.sent).toBe(3)
})

test('one piece alone is handed on as it is, not copied', async () => {
  const { socket, writes } = heldSocket()
  const writer = new Link(
    socket,
    1_000,
    () => 0,
    () => {},
  )
  const shared = Buffer.from('shared')
  writer.send(shared)
  await turn()
  expect(writes[0]).toBe(shared)
})

test('room counts what waits here and what waits in the socket, and its return is told once', async () => {
  const { socket, take } = heldSocket()
  let drained = 0
  let now = 0
  const writer = new Link(
    socket,
    100,
    () => now,
    () => drained++,
  )
  writer.send(Buffer.alloc(60))
  expect(writer.room).toBe(40)
  await turn()
  expect(writer.room).toBe(40)
  now = 7
  writer.send(Buffer.alloc(60))
  expect(writer.room).toBe(-20)
  await turn()
  expect(writer.stalledMs).toBe(7)
  expect(drained).toBe(0)
  await take()
  // One write has left: 60 bytes still wait.
  expect(writer.room).toBe(40)
  expect(writer.stalledMs).toBe(0)
  expect(drained).toBe(1)
  now = 9
  expect(writer.stalledMs).toBe(2)
  await take()
  expect(writer.room).toBe(100)
  now = 1_000
  expect(writer.stalledMs).toBe(0)
  expect(drained).toBe(1)
})

test('the end lets out what was sent before, and nothing after', async () => {
  const { socket, writes } = heldSocket()
  const writer = new Link(
    socket,
    100,
    () => 0,
    () => {},
  )
  writer.send(Buffer.from('last'))
  writer.close()
  writer.send(Buffer.from('late'))
  await turn()
  expect(writes.map(String)).toEqual(['last'])
})

test('dropped, it writes and tells nothing any more', async () => {
  const { socket, writes, take } = heldSocket()
  let drained = 0
  const writer = new Link(
    socket,
    10,
    () => 0,
    () => drained++,
  )
  writer.send(Buffer.alloc(20))
  await turn()
  writer.send(Buffer.from('waits'))
  writer.destroy()
  await turn()
  await take()
  expect(writes).toHaveLength(1)
  expect(drained).toBe(0)
  expect(writer.stalledMs).toBe(0)
})

test('more than is worth a copy is corked, and still one write', async () => {
  const { socket, writes, take } = heldSocket()
  const writer = new Link(
    socket,
    1e6,
    () => 0,
    () => {},
  )
  const pieces = Array.from({ length: 4 }, (_, i) => Buffer.alloc(30_000, i))
  for (const piece of pieces) writer.send(piece)
  await turn()
  await take()
  expect(Buffer.concat(writes).equals(Buffer.concat(pieces))).toBe(true)
  expect(writes.length).toBeLessThanOrEqual(2)
})

test('room that was full is told of when everything has left within the call', async () => {
  const server = createServer()
  const port = await listening(server)
  const peer = connect(port, '127.0.0.1').resume()
  const [socket] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    socket.destroy()
    peer.destroy()
    server.close()
  })
  const drained = Promise.withResolvers<void>()
  const writer = new Link(socket, 1_000, () => 0, drained.resolve)
  writer.send(Buffer.alloc(600))
  writer.send(Buffer.alloc(600))
  expect(writer.room).toBe(-200)
  await drained.promise
  expect(writer.room).toBe(1_000)
})
