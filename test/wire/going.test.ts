import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { start } from './start.ts'

/** Authentication that takes until it is let go on. */
function slowly() {
  const asked = Promise.withResolvers<void>()
  const known = Promise.withResolvers<{ id: string }>()
  const authenticate = () => {
    asked.resolve()
    return known.promise
  }
  return { authenticate, asked: asked.promise, goOn: () => known.resolve({ id: 'ada' }) }
}

test('a handshake that is under way when the server closes is sent away, and does not hold up the close', async () => {
  const { authenticate, asked, goOn } = slowly()
  const server = await start({ authenticate })
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/wire/ws`)
  await asked
  const closed = server.wire.close()
  goOn()
  const [error] = await once(socket, 'error')
  expect(String(error)).toContain('503')
  await closed
})

test.each(['sse', 'poll'])('a %s that is under way when the server closes is sent away', async (path) => {
  const { authenticate, asked, goOn } = slowly()
  const { wire, url } = await start({ authenticate })
  const answer = fetch(`${url}/wire/${path}?channel=open/1`)
  await asked
  const closed = wire.close()
  goOn()
  expect(await (await answer).text()).toContain('"code":"draining"')
  await closed
})
