import type { Measurements, PageProbe } from './measurements.ts'
import type { Asking } from './probes/asking.ts'
import { probeHeaders, probeHold, probePosts } from './probes/plain.ts'
import { probeReach } from './probes/reach.ts'
import { probeSilentSocket, probeSocket } from './probes/socket.ts'
import { probeSilentStream, probeStream } from './probes/stream.ts'
import { isHeldBack, isLate } from './found.ts'

/** The steps of an examination, in their order. */
export const steps = ['reach', 'socket', 'stream', 'plain', 'page', 'idle'] as const
export type Step = (typeof steps)[number]

export interface Examination {
  /** `https://host/wire`, without a slash at the end. */
  readonly base: string
  readonly from: Measurements['from']
  /** How long silent connections are watched; 0: not. */
  readonly idleMs: number
  /** How long to wait for what should come at once (default 5 s). */
  readonly patienceMs?: number
  /** What a page there would send as its origin; a browser sends it by itself. */
  readonly origin?: string
  /** The protocol of whatever the client talks to first. */
  readonly front?: () => Promise<string | undefined>
  /** What only a page can measure. */
  readonly page?: (asking: Asking) => Promise<PageProbe>
  /** Told when a step begins, and with what is known when it has ended. */
  readonly progress?: (step: Step, state: 'running' | 'done', so: Measurements | undefined) => void
}

/** Measures the path to an Everwire server. Never rejects: whatever fails is a measurement. */
export async function examine(examination: Examination): Promise<Measurements> {
  const { from, idleMs, patienceMs = 5_000, progress = () => {} } = examination
  const { origin, pathname } = new URL(examination.base)
  const asked = `${origin}${pathname}`
  const start = { from, url: asked } as const
  progress('reach', 'running', undefined)
  const { reach, base } = await probeReach({ base: asked, patienceMs })
  const front = reach.kind === 'everwire' ? await examination.front?.() : undefined
  let so: Measurements = { ...start, url: base, reach, front }
  progress('reach', 'done', so)
  if (reach.kind !== 'everwire') return so
  const asking: Asking = { base, patienceMs }
  const { messageBytes } = reach.about
  const step = async (name: Step, measure: () => Promise<Partial<Measurements>>) => {
    progress(name, 'running', so)
    so = { ...so, ...(await measure()) }
    progress(name, 'done', so)
  }
  // One after the other, so that none is slowed by another.
  await step('socket', async () => ({ socket: await probeSocket(asking, messageBytes) }))
  await step('stream', async () => {
    const first = await probeStream(asking)
    // Nobody is accused for a moment in which this machine was busy.
    const again = first.kind === 'delivered' && isLate(first) ? await probeStream(asking) : first
    const stream = again.kind === 'delivered' ? again : first
    const compressed = stream.kind === 'delivered' && stream.encoding !== undefined && isHeldBack(stream)
    // A page cannot choose what its browser accepts.
    const plain = compressed && from === 'command'
    return {
      stream,
      ...(plain ? { plainStream: await probeStream(asking, { 'accept-encoding': 'identity' }) } : {}),
    }
  })
  await step('plain', async () => ({
    poll: await probeHold(asking, 200),
    headers: await probeHeaders(asking),
    posts: await probePosts(asking, messageBytes, examination.origin),
  }))
  const { page } = examination
  if (page) await step('page', async () => ({ page: await page(asking) }))
  if (idleMs > 0) await step('idle', async () => ({ idle: await silences(asking, so, idleMs) }))
  return so
}

type Idle = NonNullable<Measurements['idle']>

// All at once, and only those that work at all.
async function silences(asking: Asking, so: Measurements, ms: number): Promise<Idle> {
  const { socket, stream, poll } = so
  const delivered = stream?.kind === 'delivered' && !isHeldBack(stream)
  const [socketSilence, streamSilence, hold] = await Promise.all([
    socket?.kind === 'works' ? probeSilentSocket(asking, ms) : undefined,
    delivered ? probeSilentStream(asking, ms) : undefined,
    poll?.kind === 'survived' ? probeHold(asking, ms) : undefined,
  ])
  return { wantedMs: ms, socket: socketSilence, stream: streamSilence, hold }
}
