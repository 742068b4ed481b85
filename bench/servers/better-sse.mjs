// better-sse's channel on Express.
import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import express from 'express'
import { backlog, host, message, port, publishing, socketsOf } from './publish.ts'

const app = express()
const server = createServer(app)
const unsent = socketsOf(server)
const channel = createChannel()
app.get('/', async (request, response) => {
  channel.register(await createSession(request, response))
})
server.listen({ port, host, backlog })
publishing(() => {
  channel.broadcast(message())
}, unsent)
