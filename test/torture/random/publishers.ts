import { WebSocket, type RawData } from 'ws'
import type { Wire } from '../../../src/client/wire.ts'
import type { Acknowledged, Tried } from './judge.ts'
import { channels, payload, pick, slots } from './world.ts'

/** What all publishers share. */
export interface Desk {
  readonly url: string
  readonly random: () => number
  readonly acknowledged: Acknowledged[]
  readonly tried: Map<string, Tried>
  /** Refusals that must not be. */
  readonly refused: string[]
  /** Until when something new is published. */
  readonly over: () => boolean
}

/** Publishes until the desk closes; fulfilled when everything has been acknowledged. */
export type Publisher = (desk: Desk, by: string) => Promise<void>

interface Publication {
  readonly channel: string
  readonly data: unknown
  readonly key: string
  readonly slot?: string
  readonly removed?: boolean
}

/** The next message of a publisher; it counts as tried from now on. */
function next({ random, tried }: Desk, by: string, n: number): Publication {
  const channel = pick(random, channels)
  const data = payload(by, n, random() < 0.05 ? Math.floor(random() * 20_000) : Math.floor(random() * 200))
  const key = `${by}:${n}`
  if (!channel.startsWith('latest/')) {
    tried.set(key, { channel, slot: '', removed: false })
    return { channel, data, key }
  }
  const [slot, removed] = [pick(random, slots), random() < 0.2]
  tried.set(key, { channel, slot, removed })
  return removed ? { channel, data: null, key, slot, removed } : { channel, data, key, slot }
}

/** By POST, alone or in a batch; sent again with the same keys until it is answered. */
export const byHttp: Publisher = async (desk, by) => {
  for (let n = 0; !desk.over();) {
    const first = n
    const batch = Array.from({ length: desk.random() < 0.3 ? 3 : 1 }, () => next(desk, by, n++))
    const answers = await answered(desk, JSON.stringify(batch))
    for (const [i, { id }] of answers.entries()) desk.acknowledged.push({ by, n: first + i, id })
  }
}

async function answered(desk: Desk, body: string): Promise<readonly { readonly id: string }[]> {
  for (;;) {
    try {
      const headers = { 'content-type': 'application/json' }
      const signal = AbortSignal.timeout(1_500)
      const response = await fetch(`${desk.url}/wire/publish`, { method: 'POST', headers, body, signal })
      if (response.status === 200) return await response.json()
      if (response.status < 500) desk.refused.push(await response.text())
    } catch {
      // No answer: unknown.
    }
    await pause(20)
  }
}

/** Several under way on a WebSocket; those without an answer first on the next one. */
export const byWebSocket: Publisher = async (desk, by) => {
  const waiting = new Map<number, string>()
  let n = 0
  const answer = (text: string) => {
    const said = JSON.parse(text)
    if (said.type === 'published') {
      waiting.delete(said.ref)
      desk.acknowledged.push({ by, n: said.ref, id: said.id })
    } else if (said.type === 'error' && !/unavailable|overloaded|draining/.test(said.code))
      desk.refused.push(text)
  }
  while (!desk.over() || waiting.size > 0) {
    const socket = new WebSocket(`${desk.url.replace('http', 'ws')}/wire/ws`)
    const ended = new Promise<void>((resolve) => socket.once('close', resolve))
    const silence = watchdog(1_500, () => socket.terminate())
    const fill = () => {
      for (; waiting.size < 8 && !desk.over(); n++) {
        const text = JSON.stringify({ type: 'publish', ...next(desk, by, n), ref: n })
        waiting.set(n, text)
        socket.send(text)
      }
      if (desk.over() && waiting.size === 0) socket.terminate()
    }
    socket.on('error', () => {})
    socket.once('open', () => {
      for (const text of waiting.values()) socket.send(text)
    })
    socket.on('message', (data) => {
      silence.heard()
      answer(textOf(data))
      fill()
    })
    await ended
    silence.stop()
    await pause(10)
  }
}

/** As an application does it: publishes and waits for the promise, some at once. */
export function bySdk(wire: Wire): Publisher {
  return async (desk, by) => {
    const under = new Set<Promise<void>>()
    for (let n = 0; !desk.over(); n++) {
      const mine = n
      const { channel, data, ...options } = next(desk, by, n)
      const published = wire
        .channel(channel)
        .publish('m', data, options)
        .then(
          ({ id = '' }) => void desk.acknowledged.push({ by, n: mine, id }),
          (error: unknown) => void desk.refused.push(`${by}:${mine}: ${String(error)}`),
        )
        .finally(() => under.delete(published))
      under.add(published)
      if (under.size >= 6) await Promise.race(under)
    }
    await Promise.all(under)
  }
}

/** `ws` gives whole messages as buffers unless it is told otherwise. */
export function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : ''
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Calls `dead` when nothing was heard for so long. */
export function watchdog(ms: number, dead: () => void) {
  let timer = setTimeout(dead, ms)
  return {
    heard() {
      clearTimeout(timer)
      timer = setTimeout(dead, ms)
    },
    stop: () => clearTimeout(timer),
  }
}
