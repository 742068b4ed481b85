import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { NodeResponse } from './request.ts'

/**
 * Cuts an answer that has ended when no byte of it has left for `ms`: its peer has stopped reading, and nobody else looks
 * at it any more. Node's time-outs take for life what the system takes of one large write.
 */
export function cutWhenStuck(response: NodeResponse, ms: number): void {
  if (!('assignSocket' in response)) {
    const { stream } = response
    if (!stream.destroyed) stream.setTimeout(ms, () => stream.close())
    return
  }
  const { socket } = response
  // Most answers have left by now. One to a pipelined request waits for those before it.
  if (socket) {
    if (socket.writableLength > 0) watch(response, socket, ms)
  } else if (!response.writableFinished) {
    response.once('socket', (assigned: Socket) => watch(response, assigned, ms))
  }
}

function watch(response: ServerResponse, socket: Socket, ms: number): void {
  const before = socket.timeout ?? 0
  const cut = () => void socket.destroy()
  socket.setTimeout(ms, cut)
  // Ahead of Node's own listener, which gives the connection the time-out of one that is idle.
  response.prependOnceListener('finish', () => void socket.off('timeout', cut).setTimeout(before))
}
