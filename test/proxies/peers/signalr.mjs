// The client is SignalR's own. Its server needs .NET: this hub does what is needed to connect and to be sent messages,
// over each of its three transports.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { HubConnectionBuilder, LogLevel } from '@microsoft/signalr'
import { WebSocketServer } from 'ws'

const end = '\u001e'
const record = (message) => `${JSON.stringify(message)}${end}`

/** One connection of a client, whatever carries it. */
class Connection {
  ready = false
  waiting = ''
  send = undefined

  say(text) {
    this.waiting += text
    if (!this.send || this.waiting === '') return
    const send = this.send
    const said = this.waiting
    this.waiting = ''
    send(said)
  }

  heard(text) {
    for (const part of text.split(end).filter(Boolean)) {
      if (this.ready || !('protocol' in JSON.parse(part))) continue
      this.ready = true
      this.say(record({}))
    }
  }
}

export async function serve() {
  const connections = new Map()
  const at = (request) => connections.get(new URL(request.url, 'http://x').searchParams.get('id'))
  const answer = async (request, response) => {
    if (request.url.startsWith('/hub/negotiate')) {
      const id = randomUUID()
      connections.set(id, new Connection())
      response.setHeader('content-type', 'application/json')
      const availableTransports = ['WebSockets', 'ServerSentEvents', 'LongPolling'].map((transport) => ({
        transport,
        transferFormats: transport === 'ServerSentEvents' ? ['Text'] : ['Text', 'Binary'],
      }))
      return response.end(
        JSON.stringify({ negotiateVersion: 1, connectionId: id, connectionToken: id, availableTransports }),
      )
    }
    const connection = at(request)
    if (!connection) return response.writeHead(404).end()
    if (request.method === 'POST') {
      connection.heard(await text(request))
      return response.end()
    }
    if (request.method === 'DELETE') return response.writeHead(202).end()
    response.setHeader('cache-control', 'no-cache, no-store')
    if (request.headers.accept?.includes('text/event-stream')) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
      response.write('\r\n')
      connection.send = (said) => response.write(`data: ${said}\r\n\r\n`)
    } else if (!connection.polled) {
      // The first poll is answered at once: the transport works.
      connection.polled = true
      return response.end()
    } else {
      response.setHeader('content-type', 'text/plain')
      connection.send = (said) => {
        connection.send = undefined
        response.end(said)
      }
    }
    connection.say('')
  }
  const server = createServer((request, response) => void answer(request, response))
  const webSockets = new WebSocketServer({ server })
  webSockets.on('connection', (socket, request) => {
    const connection = at(request) ?? new Connection()
    connections.set(randomUUID(), connection)
    connection.send = (said) => socket.send(said)
    socket.on('message', (data) => connection.heard(new TextDecoder().decode(data)))
    socket.on('error', () => {})
  })
  const all = (message) => {
    for (const connection of connections.values()) if (connection.ready) connection.say(record(message))
  }
  const ping = setInterval(() => all({ type: 6 }), 5_000)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    publish: (n) => all({ type: 1, target: 'n', arguments: [n] }),
    close() {
      clearInterval(ping)
      webSockets.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** With its automatic reconnect, and the retry of the first connect that its documentation shows. */
export function open(url, onMessage) {
  const connection = new HubConnectionBuilder()
    .withUrl(`${url}/hub`)
    .withAutomaticReconnect()
    .configureLogging(LogLevel.None)
    .build()
  connection.on('n', onMessage)
  let stopped = false
  let timer
  const start = async () => {
    try {
      await connection.start()
    } catch {
      if (!stopped) timer = setTimeout(() => void start(), 5_000)
    }
  }
  connection.onclose(() => {
    if (!stopped) void start()
  })
  void start()
  return () => {
    stopped = true
    clearTimeout(timer)
    void connection.stop()
  }
}
