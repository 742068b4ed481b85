// The client is Centrifugo's own. Its server is written in Go: this one does what is needed to connect, to subscribe and
// to be sent messages, over a WebSocket and over its two emulations.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Centrifuge } from 'centrifuge'
import { EventSource } from 'eventsource'
import { WebSocketServer } from 'ws'

const pingS = 5

export async function serve() {
  const sessions = new Map()

  /** Answers commands of a session, which `send` carries to its client. */
  function hear(session, commands) {
    for (const line of commands.split('\n').filter(Boolean)) {
      const { id, connect, subscribe } = JSON.parse(line)
      if (connect)
        session.reply({
          id,
          connect: {
            client: session.id,
            version: '0',
            ping: pingS,
            pong: true,
            session: session.id,
            node: 'n',
          },
        })
      if (subscribe) {
        session.reply({ id, subscribe: {} })
        session.subscribed = true
      }
    }
  }

  function begin(send) {
    const session = { id: randomUUID(), subscribed: false, reply: (reply) => send(JSON.stringify(reply)) }
    sessions.set(session.id, session)
    return session
  }

  const answer = async (request, response) => {
    const url = new URL(request.url, 'http://x')
    if (url.pathname === '/emulation') {
      const { session, data } = JSON.parse(await text(request))
      const found = sessions.get(session)
      if (!found) return response.writeHead(404).end()
      hear(found, data)
      return response.writeHead(204).end()
    }
    const events = url.pathname === '/sse'
    response.writeHead(200, {
      'content-type': events ? 'text/event-stream' : 'application/json',
      'x-accel-buffering': 'no',
    })
    const session = begin((reply) => response.write(events ? `data: ${reply}\n\n` : `${reply}\n`))
    response.on('close', () => sessions.delete(session.id))
    hear(session, events ? url.searchParams.get('cf_connect') : await text(request))
  }
  const server = createServer((request, response) => void answer(request, response))
  const webSockets = new WebSocketServer({ server })
  webSockets.on('connection', (socket) => {
    const session = begin((reply) => socket.send(reply))
    socket.on('message', (data) => hear(session, new TextDecoder().decode(data)))
    socket.on('error', () => {})
    socket.on('close', () => sessions.delete(session.id))
  })
  const ping = setInterval(() => {
    for (const session of sessions.values()) session.reply({})
  }, pingS * 1_000)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    publish(n) {
      for (const session of sessions.values()) {
        if (session.subscribed) session.reply({ push: { channel: 'a', pub: { data: n } } })
      }
    },
    close() {
      clearInterval(ping)
      webSockets.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** With all its transports, as its documentation shows. */
export function open(url, onMessage) {
  const client = new Centrifuge(
    [
      { transport: 'websocket', endpoint: `${url.replace('http', 'ws')}/websocket` },
      { transport: 'http_stream', endpoint: `${url}/stream` },
      { transport: 'sse', endpoint: `${url}/sse` },
    ],
    { emulationEndpoint: `${url}/emulation`, eventsource: EventSource },
  )
  const subscription = client.newSubscription('a')
  subscription.on('publication', ({ data }) => onMessage(data))
  subscription.subscribe()
  client.connect()
  return () => client.disconnect()
}
