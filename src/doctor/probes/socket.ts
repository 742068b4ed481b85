import type { SilenceProbe, SocketProbe } from '../measurements.ts'
import type { Seen } from '../wire.ts'
import { address, ask, elapsed, mark, spread, type Asking } from './asking.ts'

const echoes = 5

/** Opens a WebSocket, waits for the server's word, and has small messages and one of the largest size sent back. */
export async function probeSocket(asking: Asking, largeBytes: number): Promise<SocketProbe> {
  const { patienceMs } = asking
  const probe = mark()
  const begunAt = elapsed()
  const socket = new Spoken(address(wsOf(asking.base), 'ws', { probe }))
  try {
    const open = await socket.opened(patienceMs)
    const openMs = elapsed() - begunAt
    if (open !== 'open') {
      return { kind: 'refused', afterMs: openMs, arrived: await arrivedAs(asking, probe) }
    }
    const first = await socket.next(patienceMs)
    if (first === undefined)
      return socket.ending(begunAt) ?? { kind: 'swallowed', openMs, waitedMs: patienceMs }
    const echoMs: number[] = []
    for (let i = 0; i < echoes; i++) {
      const sentAt = elapsed()
      const said = await socket.exchange(`echo ${i}`, patienceMs)
      if (said === undefined)
        return socket.ending(begunAt) ?? { kind: 'swallowed', openMs, waitedMs: patienceMs }
      echoMs.push(elapsed() - sentAt)
    }
    const large = (await socket.exchange('x'.repeat(largeBytes), patienceMs))?.length === largeBytes
    return { kind: 'works', openMs, echoMs: spread(echoMs), large }
  } finally {
    socket.close()
  }
}

/** A WebSocket on which nobody says anything for `ms`, not even a ping. */
export async function probeSilentSocket(asking: Asking, ms: number): Promise<SilenceProbe> {
  const socket = new Spoken(address(wsOf(asking.base), 'ws', { probe: mark(), silentMs: ms }))
  try {
    await socket.opened(asking.patienceMs)
    const begunAt = elapsed()
    await socket.next(asking.patienceMs)
    const said = await socket.next(ms + asking.patienceMs)
    if (said === 'awake') return { kind: 'survived', ms }
    const ended = socket.ending(begunAt)
    return {
      kind: 'cut',
      afterMs: elapsed() - begunAt,
      how: ended === undefined ? 'nothing came through any more' : closedText(ended.code),
    }
  } finally {
    socket.close()
  }
}

function wsOf(base: string): string {
  return base.replace(/^http/, 'ws')
}

function closedText(code: number): string {
  return code === 1006 ? 'the connection was closed (1006)' : `closed with ${code}`
}

async function arrivedAs(asking: Asking, probe: string): Promise<Seen['arrived'] | undefined> {
  try {
    const signal = AbortSignal.timeout(asking.patienceMs)
    const seen: Seen = await (await ask(asking, 'seen', { probe }, { signal })).json()
    return seen.arrived
  } catch {
    // Then it stays unknown: the verdict says so.
    return undefined
  }
}

/** A WebSocket as a sequence of what was said. */
class Spoken {
  readonly #socket: WebSocket
  readonly #said: string[] = []
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #closed: { readonly at: number; readonly code: number } | undefined
  #changed = () => {}

  constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.onopen = () => {
      this.#state = 'open'
      this.#changed()
    }
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.#said.push(data)
      this.#changed()
    }
    // `close` follows, and says as much.
    this.#socket.onerror = () => {}
    this.#socket.onclose = ({ code }) => {
      this.#state = 'closed'
      this.#closed = { at: elapsed(), code }
      this.#changed()
    }
  }

  async opened(ms: number): Promise<'open' | 'closed' | 'late'> {
    await this.#until(() => this.#state !== 'opening', ms)
    return this.#state === 'opening' ? 'late' : this.#state
  }

  /** What is said next; undefined when nothing is, in time or any more. */
  async next(ms: number): Promise<string | undefined> {
    await this.#until(() => this.#said.length > 0 || this.#state === 'closed', ms)
    return this.#said.shift()
  }

  async exchange(text: string, ms: number): Promise<string | undefined> {
    if (this.#state === 'open') this.#socket.send(text)
    return this.next(ms)
  }

  ending(begunAt: number): Extract<SocketProbe, { kind: 'cut' }> | undefined {
    const closed = this.#closed
    return closed && { kind: 'cut', afterMs: closed.at - begunAt, code: closed.code }
  }

  close(): void {
    this.#socket.close()
  }

  async #until(done: () => boolean, ms: number): Promise<void> {
    const endsAt = elapsed() + ms
    while (!done()) {
      const left = endsAt - elapsed()
      if (left <= 0) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
