import { WebSocket } from 'ws'
import { broken, closeEnding, statusEnding, streamEnding } from '../../client/endings.ts'
import type { Ending } from '../../client/transports/transport.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import { bodyOf, silence } from './http.ts'
import { type Dial, Meter, openMs, reset } from './dial.ts'

/** A bare WebSocket: one subscription, each message with a position of its own. */
export const websocket: Dial = ({ base, headers, channel, after }, handlers) => {
  const meter = new Meter()
  const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws`, {
    headers: { ...headers },
    perMessageDeflate: false,
    handshakeTimeout: openMs,
  })
  let over = false
  const end = (ending: Ending) => {
    if (over) return
    over = true
    socket.terminate()
    handlers.ended(ending)
  }
  const opening = setTimeout(() => end(broken(`not served within ${openMs / 1_000} s`)), openMs)
  socket.on('upgrade', ({ socket: wire }) => meter.add(wire))
  socket.on('unexpected-response', (_, answer) => {
    void bodyOf(answer).then((body) => end(statusEnding(answer.statusCode ?? 0, body, 0)))
  })
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'subscribe', channel, ...(after === undefined ? {} : { after }) })),
  )
  socket.on('error', (error) => end(broken(error.message)))
  socket.on('close', (code, reason) => end(closeEnding(code, String(reason))))
  socket.on('message', (data: Buffer, binary) => {
    if (over || binary) return
    meter.text += data.length
    const message = messageOf(data)
    if (message?.type === 'subscribed') {
      clearTimeout(opening)
      handlers.opened(message.id)
    } else if (message?.type === 'error') end(streamEnding(message, 0))
    else if (message?.type === 'welcome') silence(meter.socket, message.heartbeatMs, end)
    else if (message) handlers.received(message, 'id' in message ? message.id : undefined)
    else end(broken('what came is not JSON'))
  })
  const finish = (how: () => void) => {
    over = true
    clearTimeout(opening)
    how()
  }
  return {
    meter,
    cut: () => finish(() => reset(meter.socket)),
    close: () => finish(() => socket.terminate()),
  }
}

function messageOf(data: Buffer): ServerMessage | undefined {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}
