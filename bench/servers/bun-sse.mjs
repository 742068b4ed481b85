// Bun, a ReadableStream for each subscriber.
import { host, message, port, publishing, sample } from './publish.ts'

const clients = new Set()
const utf8 = new TextEncoder()
Bun.serve({
  port,
  hostname: host,
  idleTimeout: 0,
  fetch() {
    let mine
    const stream = new ReadableStream({
      start(controller) {
        mine = controller
        clients.add(mine)
        mine.enqueue(utf8.encode(': hello\n\n'))
      },
      cancel: () => void clients.delete(mine),
    })
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
  },
})
publishing(
  () => {
    const bytes = utf8.encode(`data: ${JSON.stringify(message())}\n\n`)
    for (const client of clients) client.enqueue(bytes)
  },
  // A stream counts what waits in it by pieces.
  () => sample(clients, (client) => Math.max(0, -(client.desiredSize ?? 0)) * 140),
)
