import { faultText } from '../connecting.ts'
import type { HeadersProbe, PostProbe, SilenceProbe } from '../measurements.ts'
import { batchBytes, type About, type Posted } from '../wire.ts'
import { ask, elapsed, mark, reasonOf, type Asking } from './asking.ts'

/** An answer that the server holds back for `ms`, as it does with a long poll. */
export async function probeHold(asking: Asking, ms: number): Promise<SilenceProbe> {
  const begunAt = elapsed()
  const signal = AbortSignal.timeout(ms + asking.patienceMs)
  const cut = (how: string): SilenceProbe => ({ kind: 'cut', afterMs: elapsed() - begunAt, how })
  try {
    const answer = await ask(asking, 'hold', { probe: mark(), ms }, { signal })
    await answer.text()
    return answer.ok ? { kind: 'survived', ms } : cut(`answered ${answer.status}`)
  } catch (error) {
    return cut(signal.aborted ? 'never answered' : faultText(reasonOf(error)))
  }
}

/** Posts a little, a message of the largest size, and a batch of such. `origin`: what a page there would send. */
export async function probePosts(
  asking: Asking,
  messageBytes: number,
  origin: string | undefined,
): Promise<readonly PostProbe[]> {
  const probes: PostProbe[] = []
  // Base64 and the object around it make the largest message a third larger.
  for (const bytes of [100, Math.ceil(messageBytes * 1.4), batchBytes]) {
    probes.push(await probePost(asking, bytes, origin))
    if (!probes.at(-1)?.ok) break
  }
  return probes
}

async function probePost(asking: Asking, bytes: number, origin: string | undefined): Promise<PostProbe> {
  const head = '{"channel":"doctor","data":"'
  const body = `${head}${'x'.repeat(bytes - head.length - 2)}"}`
  const headers = { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) }
  try {
    const signal = AbortSignal.timeout(asking.patienceMs * 3)
    const answer = await ask(asking, 'post', { probe: mark() }, { method: 'POST', headers, body, signal })
    const { status } = answer
    const said = await jsonOf(answer)
    if (!answer.ok) return { bytes, ok: false, status, byServer: 'error' in said }
    // The endpoint's own type.
    const posted = said as Posted
    return { bytes, ok: posted.bytes === bytes, status, byServer: true, posted }
  } catch {
    return { bytes, ok: false, status: 0, byServer: false }
  }
}

async function jsonOf(answer: Response): Promise<object> {
  try {
    const value: unknown = await answer.json()
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // A proxy's own page.
    return {}
  }
}

/** Whether `Last-Event-ID` and a query arrive as they were sent. */
export async function probeHeaders(asking: Asking): Promise<HeadersProbe | undefined> {
  const probe = mark()
  const id = `42-${probe}`
  try {
    const signal = AbortSignal.timeout(asking.patienceMs)
    const answer = await ask(asking, 'about', { probe }, { headers: { 'last-event-id': id }, signal })
    const about: About = await answer.json()
    return { lastEventId: about.lastEventId === id, query: about.probe === probe }
  } catch {
    // Something else is wrong, and found elsewhere.
    return undefined
  }
}
