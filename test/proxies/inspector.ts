import { createServer, type Socket } from 'node:net'
import { listening } from '../support/port.ts'

const known = 'ICAP/1.0 200 OK\r\nISTag: "1"\r\n'
const options = `${known}Methods: RESPMOD\r\nEncapsulated: null-body=0\r\n\r\n`

/** A virus scanner as proxies ask one (ICAP, RFC 3507): it reads each answer to its end, and finds it clean. */
export async function openInspector() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    let asked = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      asked += text
      const answer = answerTo(asked)
      if (answer === undefined) return
      asked = ''
      socket.write(answer, 'latin1')
    })
  })
  const port = await listening(server)
  return {
    port,
    close() {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}

/** Undefined: there is more to come. */
function answerTo(asked: string): string | undefined {
  const end = asked.indexOf('\r\n\r\n') + 4
  if (end < 4) return undefined
  if (asked.startsWith('OPTIONS')) return options
  const [, head, kind, body] = /^encapsulated:.*res-hdr=(\d+), *(res|null)-body=(\d+)/im.exec(asked) ?? []
  const inspected = asked.slice(end + Number(head))
  const headBytes = Number(body) - Number(head)
  const whole = kind === 'null' ? inspected.length >= headBytes : inspected.endsWith('\r\n0\r\n\r\n')
  if (!whole) return undefined
  return `${known}Encapsulated: res-hdr=0, ${kind}-body=${headBytes}\r\n\r\n${inspected}`
}
