import { faultText } from '../connecting.ts'
import type { SilenceProbe, StreamProbe } from '../measurements.ts'
import type { Stamp } from '../wire.ts'
import { ask, elapsed, mark, reasonOf, refusalOf, spread, type Asking } from './asking.ts'

const count = 12
const everyMs = 120

/** A stamp, and when it came. */
export interface Arrival {
  readonly n: number
  readonly at: number
  readonly came: number
}

/** Events that say when they left: what comes late was held back, and what does not come was lost. */
export async function probeStream(
  asking: Asking,
  headers: Readonly<Record<string, string>> = {},
): Promise<StreamProbe> {
  const begunAt = elapsed()
  const waitedMs = count * everyMs + asking.patienceMs
  const abort = new AbortController()
  // Given up once nothing has come for too long, not when a slow machine has taken its time.
  let timer = setTimeout(() => abort.abort(), waitedMs)
  const arrivals: Arrival[] = []
  let headMs: number | undefined
  let encoding: string | undefined
  let reason = 'the stream ended early'
  try {
    const query = { probe: mark(), count, everyMs }
    const answer = await ask(asking, 'stream', query, { headers, signal: abort.signal })
    headMs = elapsed() - begunAt
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? ''
    if (!answer.ok || type !== 'text/event-stream') {
      return { kind: 'refused', status: answer.status, type, ...codeOf(await refusalOf(answer)) }
    }
    encoding = answer.headers.get('content-encoding') ?? undefined
    for await (const { stamp } of stampsOf(answer)) {
      arrivals.push({ n: stamp.n, at: stamp.at, came: elapsed() - begunAt })
      clearTimeout(timer)
      timer = setTimeout(() => abort.abort(), waitedMs)
    }
  } catch (error) {
    if (!abort.signal.aborted && headMs === undefined)
      return { kind: 'failed', reason: faultText(reasonOf(error)) }
    if (!abort.signal.aborted) reason = faultText(reasonOf(error))
  } finally {
    clearTimeout(timer)
  }
  if (arrivals.length === 0) {
    return abort.signal.aborted ? { kind: 'silent', headMs, waitedMs } : { kind: 'failed', reason }
  }
  return { kind: 'delivered', headMs: headMs ?? 0, encoding, ...delivery(arrivals, headMs ?? 0) }
}

/** What the arrivals show. */
export function delivery(arrivals: readonly Arrival[], headMs: number) {
  // Nothing is late by the way that the head has taken, too; unless that was held back with the events.
  const wayMs = Math.min(headMs, ...arrivals.map(({ at, came }) => came - at))
  return {
    firstMs: arrivals[0]?.came ?? 0,
    sent: count + 1,
    received: arrivals.length,
    spanMs: count * everyMs,
    delayMs: spread(arrivals.map(({ at, came }) => came - at - wayMs)),
    // Two events of one piece of the network come within the same millisecond or so; two that were sent do not.
    pieces: arrivals.filter(({ came }, i) => i === 0 || came - (arrivals[i - 1]?.came ?? 0) > everyMs / 10)
      .length,
  }
}

/** A stream on which nothing is sent for `ms`, not even a heartbeat. */
export async function probeSilentStream(asking: Asking, ms: number): Promise<SilenceProbe> {
  const begunAt = elapsed()
  const signal = AbortSignal.timeout(ms + asking.patienceMs)
  const cut = (how: string): SilenceProbe => ({ kind: 'cut', afterMs: elapsed() - begunAt, how })
  try {
    const answer = await ask(asking, 'stream', { probe: mark(), silentMs: ms }, { signal })
    if (!answer.ok) return cut(`answered ${answer.status}`)
    for await (const { event } of stampsOf(answer)) if (event === 'awake') return { kind: 'survived', ms }
    return cut('ended')
  } catch (error) {
    return cut(signal.aborted ? 'nothing came through any more' : faultText(reasonOf(error)))
  }
}

function codeOf(refusal: { readonly code: string } | undefined): { readonly code?: string } {
  return refusal ? { code: refusal.code } : {}
}

/** The events of an answer, as they come. */
async function* stampsOf(
  answer: Response,
): AsyncGenerator<{ readonly event: string; readonly stamp: Stamp }> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      if (done) return
      const events = `${rest}${decoder.decode(value, { stream: true })}`.split('\n\n')
      rest = events.pop() ?? ''
      for (const text of events) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
        const data = field('data')
        // Written by the doctor's own endpoint.
        if (data !== undefined) yield { event: field('event') ?? '', stamp: JSON.parse(data) as Stamp }
      }
    }
  } finally {
    // Whoever stops reading has heard enough.
    await reader?.cancel().catch(() => undefined)
  }
}
