import type { Transport } from '../transports/transport.ts'
import type { TransportChange } from '../types.ts'
import { portLock, type Word } from './words.ts'

/** How long whoever leads may say nothing before another takes its place. */
const silentMs = 3_000

export interface PortSurroundings {
  readonly room: string
  readonly key: () => string
  later(ms: number, run: () => void): () => void
  /** The leader does not answer. */
  silent(): void
  /** What the leader's own connection goes over. */
  carried(over: TransportChange): void
}

/** A connection to the tab that leads, in place of one to the server. It speaks what a WebSocket speaks. */
export function portTransport({ room, key, later, silent, carried }: PortSurroundings): Transport {
  return {
    fixed: false,
    open(_request, handlers) {
      const port = key()
      const radio = new BroadcastChannel(room)
      const post = (word: Word) => radio.postMessage(word)
      let leader: string | undefined
      let letGo = () => {}
      let held = false
      let closed = false
      const stopWaiting = later(silentMs, silent)
      radio.onmessage = ({ data }: MessageEvent<Word>) => {
        if (data.kind === 'leads') {
          // Before it holds its lock it would be taken for gone.
          if (leader === undefined && held) post({ kind: 'open', port })
          else if (leader !== undefined && leader !== data.leader)
            handlers.ended({ retry: 'now', told: true, message: 'another tab leads' })
          return
        }
        if (data.kind === 'over') {
          if (data.leader === leader) carried(data.over)
          return
        }
        if (!('to' in data) || data.to !== port) return
        stopWaiting()
        if (data.kind === 'opened') {
          // It may be told twice, once for having asked and once for having waited.
          if (leader !== undefined) return
          leader = data.leader
          if (data.over) carried(data.over)
          handlers.opened(data.welcome)
        } else if (data.kind === 'tell') {
          handlers.heard()
          handlers.received(data.message)
        } else if (data.kind === 'ended') handlers.ended(data.ending)
      }
      // Held until it is closed, or its tab is gone: so the leader learns of either.
      const holding = navigator.locks.request(portLock(port), async () => {
        if (closed) return
        held = true
        post({ kind: 'open', port })
        await new Promise<void>((resolve) => (letGo = resolve))
      })
      holding.catch((error: unknown) =>
        handlers.ended({ retry: 'later', told: true, message: String(error) }),
      )
      return {
        send: ({ text }) => post({ kind: 'say', port, text }),
        close() {
          closed = true
          stopWaiting()
          post({ kind: 'close', port })
          radio.close()
          letGo()
        },
      }
    },
  }
}
