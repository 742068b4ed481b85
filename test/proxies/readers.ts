import { Agent, get } from 'node:http'
import { createParser } from 'eventsource-parser'
import { WebSocket } from 'undici'
import { connect } from '../../src/client/index.ts'

export const kinds = ['websocket', 'sse', 'poll', 'sdk'] as const
/** Bare clients of each transport, and the SDK with free choice. */
export type Kind = (typeof kinds)[number]

/** What the origin publishes: its number, and when. */
export interface Sent {
  readonly n: number
  readonly at: number
}

/** One client of one channel. */
export interface Reader {
  readonly kind: Kind
  /** Milliseconds until the server had spoken. Rejected when it never will. */
  readonly first: Promise<number>
  /** What came, in its order. */
  readonly got: readonly { readonly n: number; readonly delayMs: number }[]
  /** What has happened to its connection. */
  readonly story: readonly string[]
  /** How often its connection was lost so far. */
  readonly lost: number
  close(): void
}

class Recorded {
  readonly got: { n: number; delayMs: number }[] = []
  readonly story: string[] = []
  lost = 0
  readonly #first = Promise.withResolvers<number>()
  readonly #begun = performance.now()

  constructor() {
    // Whoever asks later hears it, too.
    this.#first.promise.catch(() => {})
  }

  get first(): Promise<number> {
    return this.#first.promise
  }

  spoken(): void {
    this.#first.resolve(performance.now() - this.#begun)
  }

  /** The connection is gone; `again` when it will be opened again. */
  gone(why: string): void {
    this.lost++
    this.story.push(why)
    this.#first.reject(new Error(why))
  }

  took(data: unknown): void {
    const { n, at } = data as Sent
    this.got.push({ n, delayMs: performance.now() - at })
  }
}

/** How long a bare client waits before it comes back. */
const backMs = 200

/** Opens a client of `channel` that comes back after every drop, and goes on where it was. */
export function openReader(kind: Kind, base: string, channel: string): Reader {
  const recorded = new Recorded()
  const close = opens[kind](base, channel, recorded)
  return Object.assign(recorded, { kind, close })
}

type Open = (base: string, channel: string, to: Recorded) => () => void

/** Runs `once` again and again: it answers how to break it off, and calls `over` when it is gone. */
function again(to: Recorded, once: (over: (why: string) => void) => () => void): () => void {
  let stopped = false
  let stop = () => {}
  let timer: NodeJS.Timeout | undefined
  const run = () => {
    let mine = true
    stop = once((why) => {
      if (!mine || stopped) return
      mine = false
      to.gone(why)
      timer = setTimeout(run, backMs)
    })
  }
  run()
  return () => {
    stopped = true
    clearTimeout(timer)
    stop()
  }
}

const opens: Readonly<Record<Kind, Open>> = {
  websocket(base, channel, to) {
    let after = 'now'
    return again(to, (over) => {
      const socket = new WebSocket(`${base.replace('http', 'ws')}/ws`)
      let opened = false
      socket.addEventListener('open', () => {
        opened = true
        socket.send(JSON.stringify({ type: 'subscribe', channel, after }))
      })
      socket.addEventListener('message', ({ data }) => {
        const said = JSON.parse(String(data))
        if (said.type === 'subscribed') to.spoken()
        if (said.type === 'message') to.took(said.data)
        if (said.type === 'ping') socket.send('{"type":"ping"}')
        after = said.id ?? after
      })
      socket.addEventListener('close', ({ code }) => over(opened ? `closed ${code}` : 'no upgrade'))
      return () => socket.close()
    })
  },

  sse(base, channel, to) {
    let id: string | undefined
    return again(to, (over) => {
      const headers = { accept: 'text/event-stream', ...(id === undefined ? {} : { 'last-event-id': id }) }
      const url = `${base}/sse?channel=${channel}`
      const asked = get(url, { agent: false, headers }, (answer) => {
        if (answer.statusCode !== 200) return over(`status ${answer.statusCode}`)
        const parser = createParser({
          onEvent(event) {
            id = event.id ?? id
            if (event.event === 'connected') to.spoken()
            else if (event.event === 'n') to.took(JSON.parse(event.data))
          },
        })
        answer.setEncoding('utf8').on('data', (text) => parser.feed(String(text)))
        answer.on('end', () => over('ended'))
        answer.on('error', ({ message }) => over(message))
      })
      asked.on('error', ({ message }) => over(message))
      return () => asked.destroy()
    })
  },

  poll(base, channel, to) {
    let id: string | undefined
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const stop = again(to, (over) => {
      let stopped = false
      let asked: ReturnType<typeof get> | undefined
      const ask = () => {
        const after = id === undefined ? '' : `&after=${id}`
        asked = get(`${base}/poll?channel=${channel}${after}`, { agent }, (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
          answer.on('error', ({ message }) => over(message))
          answer.on('end', () => {
            if (stopped) return
            if (answer.statusCode !== 200) return over(`status ${answer.statusCode}`)
            const answered = JSON.parse(text)
            id = answered.id
            to.spoken()
            for (const { data } of answered.messages) to.took(data)
            ask()
          })
        })
        asked.on('error', ({ message }) => over(message))
      }
      ask()
      return () => {
        stopped = true
        asked?.destroy()
      }
    })
    return () => {
      stop()
      agent.destroy()
    }
  },

  sdk(base, channel, to) {
    const wire = connect(base)
    wire.on('transport', ({ transport, reason }) => to.story.push(`${transport}: ${reason}`))
    wire.on('state', (state) => {
      if (state === 'reconnecting') to.lost++
    })
    wire.channel(channel).on('subscribed', () => to.spoken())
    wire.channel(channel).on('gap', ({ reason }) => to.story.push(`gap: ${reason}`))
    wire.channel(channel).on('*', ({ data }) => to.took(data))
    return () => wire.close()
  },
}
