import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { Upstream } from '../../src/client/transports/upstream.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { listening } from '../support/port.ts'

test('one of a refused batch that gets no answer is not overtaken by those behind it', async () => {
  const posted: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      posted.push(body)
      const { length } = JSON.parse(body) as unknown[]
      // The first alone is taken, the second is cut off before its answer.
      if (length > 1) response.writeHead(400).end('{"error":{"code":"bad-message","message":"no"}}')
      else if (body === '[1]') response.end('[{"id":"1-abcdefghij","duplicate":false}]')
      else request.socket.destroy()
    })
  })
  onTestFinished(() => void server.close())
  const answers: unknown[] = []
  const all = Promise.withResolvers<void>()
  const answered = (message: ServerMessage) => {
    answers.push([message.type, 'ref' in message && message.ref, 'code' in message && message.code])
    if (answers.length === 4) all.resolve()
  }
  const base = `http://127.0.0.1:${await listening(server)}`
  const upstream = new Upstream(
    { base, headers: undefined, credentials: undefined, token: undefined },
    answered,
  )
  for (const ref of [1, 2, 3, 4]) upstream.send({ type: 'publish', ref, text: String(ref) })
  await all.promise
  expect(posted).toEqual(['[1,2,3,4]', '[1]', '[2]'])
  expect(answers).toEqual([
    ['published', 1, false],
    ['error', 2, 'timeout'],
    ['error', 3, 'timeout'],
    ['error', 4, 'timeout'],
  ])
})
