import { WebSocket, type RawData } from 'ws'
import type { Wire } from '../../../src/client/wire.ts'
import type { Chronicle, Sent, Wronged } from './history.ts'
import type { Tally } from './tally.ts'
import { locked, payload, pick, signals, slots, stored } from './world.ts'

/** What all publishers share. */
export interface Desk {
  readonly url: string
  readonly random: () => number
  readonly sent: Chronicle<Sent>
  readonly tally: Tally
  /** Until when something new is published. */
  readonly over: () => boolean
  /** Nobody will answer any more. */
  readonly abandoned: () => boolean
  /** Fulfilled when something may be published: not while faults want silence, nor while this process is behind. */
  readonly turn: () => Promise<void>
  /** Whether that is now. */
  readonly open: () => boolean
}

/** Without an answer for so long, nothing is expected any more. */
const silenceMs = 3_000

/** Publishes until the desk closes; fulfilled when everything has been answered that is sent until it is. */
export type Publisher = (desk: Desk, by: string) => Promise<void>

interface Publication {
  readonly channel: string
  readonly data: unknown
  readonly key: string
  readonly slot?: string
  readonly removed?: boolean
}

/** The next message of a publisher; it counts as tried from now on. */
function next(desk: Desk, by: string, n: number, channel = someChannel(desk)): Publication {
  const { random } = desk
  const data = payload(by, n, random() < 0.01 ? Math.floor(random() * 20_000) : Math.floor(random() * 200))
  // The same keys for all publishers: each is a principal of its own.
  const key = `k${n}`
  const latest = channel.startsWith('latest/')
  const [slot, removed] = latest ? [pick(random, slots), random() < 0.2] : ['', false]
  desk.sent.add({ type: 'tried', who: `${by}:${n}`, channel, slot, removed })
  desk.tally.published++
  if (!latest) return { channel, data, key }
  return removed ? { channel, data: null, key, slot, removed } : { channel, data, key, slot }
}

function someChannel({ random }: Desk): string {
  return random() < 0.05 ? signals : pick(random, stored)
}

function answered({ sent, tally }: Desk, by: string, n: number, id: string | undefined): void {
  sent.add({ type: 'acknowledged', who: `${by}:${n}`, id })
  tally.acknowledged++
}

/** An answer to a right publish that may never be. */
export function wrong(code: string, what: string): Wronged {
  return { type: 'wronged', violation: code === 'key-reused' ? 'foreign dedupe' : 'wrong refusal', what }
}

/** By POST, alone or in a batch; sent again with the same keys until it is answered. */
export const byHttp: Publisher = async (desk, by) => {
  for (let n = 0; !desk.over();) {
    await desk.turn()
    const first = n
    const channel = someChannel(desk)
    // A batch holds stored messages or signals, not both.
    const many = channel !== signals && desk.random() < 0.5 ? 1 + Math.floor(desk.random() * 30) : 1
    const batch = Array.from({ length: many }, () => next(desk, by, n++, channel))
    const answers = await untilAnswered(desk, by, JSON.stringify(batch))
    for (const [i, { id }] of answers.entries()) answered(desk, by, first + i, id)
  }
}

type Answers = readonly { readonly id?: string }[]

async function untilAnswered(desk: Desk, by: string, body: string): Promise<Answers> {
  while (!desk.abandoned()) {
    try {
      const { status, text } = await post(desk.url, by, body)
      if (status === 200) return JSON.parse(text)
      if (status < 500) {
        desk.sent.add(wrong(codeOf(text), `${by}: ${text}`))
        return []
      }
    } catch {
      // No answer: unknown.
    }
    await pause(20)
  }
  return []
}

async function post(url: string, by: string, body: string): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${by}` }
  const signal = AbortSignal.timeout(silenceMs)
  const response = await fetch(`${url}/wire/publish`, { method: 'POST', headers, body, signal })
  return { status: response.status, text: await response.text() }
}

function codeOf(text: string): string {
  return /"code":"([a-z-]+)"/.exec(text)?.[1] ?? ''
}

/** What must be refused, and leave nothing behind. */
export const wrongly: Publisher = async (desk, by) => {
  for (let n = 0; !desk.over(); n++) {
    await pause(100)
    const data = payload(by, n, 10)
    const body = pick(desk.random, [
      { channel: locked, data },
      { channel: 'all/1', data: payload(by, n, 70_000) },
      [
        { channel: 'all/2', data },
        { channel: locked, data },
      ],
      { channel: 'all/1', data, slot: 'a', removed: true },
    ])
    try {
      const { status, text } = await post(desk.url, by, JSON.stringify(body))
      if (status >= 400 && status < 500) desk.tally.refused++
      else if (status < 400)
        desk.sent.add({ type: 'wronged', violation: 'wrong refusal', what: `taken: ${text}` })
    } catch {
      // No answer: unknown, and nobody asks again.
    }
  }
}

/**
 * Several under way on a WebSocket. With keys those without an answer are said first on the next one; without keys they
 * remain unknown.
 */
export function byWebSocket(keyed: boolean): Publisher {
  return async (desk, by) => {
    const waiting = new Map<number, string>()
    let n = 0
    const answer = (text: string) => {
      const said = JSON.parse(text)
      if (said.type === 'published') {
        waiting.delete(said.ref)
        answered(desk, by, said.ref, said.id)
      } else if (said.type === 'error') {
        if (!/unavailable|overloaded|draining/.test(said.code)) {
          waiting.delete(said.ref)
          desk.sent.add(wrong(said.code, `${by}: ${text}`))
        }
      }
      return said.type === 'error'
    }
    while (!desk.abandoned() && (!desk.over() || waiting.size > 0)) {
      await desk.turn()
      const headers = { authorization: `Bearer ${by}` }
      const socket = new WebSocket(`${desk.url.replace('http', 'ws')}/wire/ws`, { headers })
      const ended = new Promise<void>((resolve) => socket.once('close', resolve))
      const silence = watchdog(silenceMs, () => socket.terminate())
      const fill = () => {
        for (; waiting.size < 32 && !desk.over() && desk.open(); n++) {
          const { key, ...publication } = next(desk, by, n)
          const behind = [...waiting.keys()].at(-1)
          const text = JSON.stringify({
            type: 'publish',
            ...publication,
            ...(keyed && { key }),
            ref: n,
            behind,
          })
          waiting.set(n, text)
          socket.send(text)
        }
        if (waiting.size > 0 || socket.readyState !== 1) return
        if (desk.over()) socket.terminate()
        else void desk.turn().then(fill)
      }
      socket.on('error', () => {})
      if (!keyed) waiting.clear()
      socket.once('open', () => {
        for (const text of waiting.values()) socket.send(text)
      })
      socket.on('message', (data) => {
        silence.heard()
        // What was refused for now is said again, before what came after it.
        if (answer(textOf(data))) socket.terminate()
        else fill()
      })
      await ended
      silence.stop()
      await pause(10)
    }
  }
}

/** As an application does it: publishes and waits for the promise, some at once. */
export function bySdk(wire: Wire): Publisher {
  return async (desk, by) => {
    const under = new Set<Promise<void>>()
    for (let n = 0; !desk.over(); n++) {
      await desk.turn()
      const mine = n
      const { channel, data, ...options } = next(desk, by, n)
      const published = wire
        .channel(channel)
        .publish('m', data, options)
        .then(
          ({ id }) => answered(desk, by, mine, id),
          (error: unknown) => {
            const code = String((error as { code?: unknown }).code)
            desk.sent.add(wrong(code, `${by}:${mine}: ${String(error)}`))
          },
        )
        .finally(() => under.delete(published))
      under.add(published)
      if (under.size >= 24) await Promise.race(under)
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
