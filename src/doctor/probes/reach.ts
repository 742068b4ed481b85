import type { Reach } from '../measurements.ts'
import { shownBy } from '../proxies.ts'
import { doctorVersion, type About } from '../wire.ts'
import { ask, elapsed, mark, reasonOf, refusalOf, type Asking } from './asking.ts'

const rounds = 4

/** Asks what answers there, and how long it takes. `base` is where a redirect has led to. */
export async function probeReach(asking: Asking): Promise<{ readonly reach: Reach; readonly base: string }> {
  let best: Extract<Reach, { kind: 'everwire' }> | undefined
  let { base } = asking
  for (let round = 0; round < rounds; round++) {
    try {
      const sentAt = Date.now()
      const begunAt = elapsed()
      const signal = AbortSignal.timeout(asking.patienceMs * 2)
      const answer = await ask({ ...asking, base }, 'about', { probe: mark() }, { signal })
      const about = await aboutOf(answer.clone())
      if (!about) {
        if (best) break
        return { reach: await otherOf(answer), base }
      }
      const roundTripMs = elapsed() - begunAt
      const redirected: boolean = best?.redirected ?? answer.redirected
      if (answer.redirected) base = new URL('..', answer.url).href.replace(/\/+$/, '')
      const skewMs = about.now - (sentAt + roundTripMs / 2)
      // The quickest is the one that says most: the first has paid for the connection.
      if (!best || roundTripMs < best.roundTripMs) {
        const shown = shownBy(answer.headers)
        best = { kind: 'everwire', about, roundTripMs, skewMs, redirected, shown }
      }
    } catch (error) {
      if (best) break
      const reason = error instanceof DOMException ? 'no answer in time' : reasonOf(error)
      return { reach: { kind: 'unreachable', reason }, base }
    }
  }
  return { reach: best ?? { kind: 'unreachable', reason: 'no answer' }, base }
}

async function aboutOf(answer: Response): Promise<About | undefined> {
  if (!answer.ok) return undefined
  try {
    // The endpoint's own type, as its version says.
    const about: About = await answer.json()
    return about.doctor === doctorVersion ? about : undefined
  } catch {
    return undefined
  }
}

async function otherOf(answer: Response): Promise<Reach> {
  const { status, headers } = answer
  const refusal = await refusalOf(answer)
  if (refusal) return refusal.code === 'not-found' ? { kind: 'off' } : { kind: 'refused', ...refusal }
  return { kind: 'other', status, type: (headers.get('content-type') ?? '').split(';')[0] ?? '' }
}
