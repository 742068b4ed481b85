import type { ServerMessage } from '../../protocol/messages.ts'
import { broken, closeEnding } from '../endings.ts'
import { ask, endingOf } from '../http.ts'
import { read } from './read.ts'
import type { Transport } from './transport.ts'

/** RFC 6455 by the platform's own WebSocket (PROTOCOL.md section 6). */
export const websocket: Transport = {
  fixed: false,
  open(request, handlers) {
    const { base, token, alone } = request
    let socket: WebSocket
    try {
      socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws?frames=arrays`)
    } catch (error) {
      queueMicrotask(() => handlers.ended(broken(error)))
      return { send() {}, close() {} }
    }
    socket.binaryType = 'arraybuffer'
    let opened = false
    socket.onopen = () => {
      opened = true
      handlers.head()
      if (token !== undefined) socket.send(JSON.stringify({ type: 'auth', token }))
    }
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      handlers.heard()
      // A frame may hold several messages.
      for (const message of [read<ServerMessage | readonly ServerMessage[]>(data)].flat())
        if (message?.type === 'welcome') handlers.opened(message)
        else if (message) handlers.received(message)
    }
    socket.onclose = ({ code, reason }) => {
      const ending = closeEnding(code, reason)
      if (opened || !alone) handlers.ended(ending)
      // A page does not learn why a handshake was refused; a plain request does.
      else
        ask(request, '/position').then(
          () => handlers.ended(ending),
          (error) => handlers.ended(endingOf(error)),
        )
    }
    return {
      send({ text }) {
        // A closing socket: `ended` follows, and what was not answered is sent again.
        if (socket.readyState === 1) socket.send(text)
      },
      close: () => socket.close(),
    }
  },
}
