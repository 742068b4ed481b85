import { decodeBinary } from '../../protocol/binary.ts'
import { isRecord } from '../../protocol/json.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import { broken, closeEnding } from '../endings.ts'
import type { Connection, Handlers, OpenRequest, Transport } from './transport.ts'

/** RFC 6455 by the platform's own WebSocket (PROTOCOL.md section 6). */
export const websocket: Transport = { name: 'websocket', fixed: false, open }

function open({ base, token }: OpenRequest, handlers: Handlers): Connection {
  let socket: WebSocket
  try {
    socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws`)
  } catch (error) {
    queueMicrotask(() => handlers.ended(broken(String(error))))
    return { send: ignore, close: ignore }
  }
  let done = false
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => {
    if (done) return
    handlers.head()
    if (token !== undefined) socket.send(JSON.stringify({ type: 'auth', token }))
  }
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (done) return
    handlers.heard()
    const message = read(data)
    if (message?.type === 'welcome') handlers.opened(message)
    else if (message) handlers.received(message)
  }
  socket.onclose = ({ code, reason }) => {
    if (done) return
    done = true
    handlers.ended(closeEnding(code, reason))
  }
  return {
    send: ({ text }) => {
      // A closing socket: `ended` follows, and what was not answered is sent again.
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    close: () => {
      done = true
      socket.close()
    },
  }
}

function ignore(): void {}

// What is not a message is ignored, like a type that is not known (PROTOCOL.md 4.5). The server is trusted to say
// what its `type` promises.
function read(data: string | ArrayBuffer): ServerMessage | undefined {
  try {
    if (typeof data === 'string') {
      const message: unknown = JSON.parse(data)
      return isRecord(message) ? (message as unknown as ServerMessage) : undefined
    }
    const { header, bytes } = decodeBinary(new Uint8Array(data))
    return { ...header, data: bytes } as unknown as ServerMessage
  } catch {
    return undefined
  }
}
