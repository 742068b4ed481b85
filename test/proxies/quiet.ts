import { get } from 'node:http'
import { WebSocket } from 'undici'

/** A connection through a proxy on which nobody says anything. */
export interface Quiet {
  /** Whether it is gone, though nobody here has closed it. */
  readonly cut: boolean
  close(): void
}

/** Opens one to `/quiet` of the origin; undefined where it does not get through. */
export function openQuiet(kind: string, url: string): Promise<Quiet | undefined> {
  return new Promise((resolve) => {
    const quiet = { cut: false, close: () => {} }
    const gone = () => {
      quiet.cut = true
      resolve(undefined)
    }
    if (kind === 'websocket') {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/quiet`)
      quiet.close = () => socket.close()
      socket.addEventListener('open', () => resolve(quiet))
      socket.addEventListener('close', gone)
    } else {
      const asked = get(`${url}/quiet`, { agent: false }, (answer) => {
        answer.on('error', gone).on('end', gone).resume()
        resolve(quiet)
      })
      quiet.close = () => asked.destroy()
      asked.on('error', gone)
    }
  })
}
