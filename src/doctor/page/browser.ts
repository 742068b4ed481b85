import type { PageProbe } from '../measurements.ts'
import { address, ask, mark, type Asking } from '../probes/asking.ts'
import { probeCookie, type About, type Held, type Stamp } from '../wire.ts'

/** More than the six that browsers open to one host over HTTP/1.1. */
const asked = 8
const holdMs = 1_000

/** What only a page can measure. Never rejects. */
export async function probeBrowser(asking: Asking): Promise<PageProbe> {
  return {
    eventSource: await probeEventSource(asking),
    cookie: await probeCookies(asking),
    together: { asked, atOnce: await countAtOnce(asking) },
  }
}

/** The protocol that this page's newest request has used. */
export async function frontOfPage(): Promise<string | undefined> {
  const newest = performance.getEntriesByType('resource').at(-1)
  return newest instanceof PerformanceResourceTiming ? newest.nextHopProtocol || undefined : undefined
}

// The stream ends after one event; whoever then comes back names it.
function probeEventSource({ base, patienceMs }: Asking): Promise<PageProbe['eventSource']> {
  return new Promise((resolve) => {
    const source = new EventSource(address(base, 'stream', { probe: mark(), count: 1, everyMs: 20 }))
    const end = (how: PageProbe['eventSource']) => {
      clearTimeout(timer)
      source.close()
      resolve(how)
    }
    const timer = setTimeout(() => end('blocked'), patienceMs)
    let hellos = 0
    source.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      const stamp: Stamp = JSON.parse(data)
      if (++hellos === 2) end(stamp.lastEventId === '1' ? 'resumes' : 'forgets')
    })
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) end('blocked')
    }
  })
}

async function probeCookies(asking: Asking): Promise<boolean> {
  const where = `path=${new URL(asking.base).pathname}/doctor; samesite=lax`
  document.cookie = `${probeCookie}=1; max-age=60; ${where}`
  // Switched off in this browser: nothing on the way is to blame, and the application knows.
  const signal = AbortSignal.timeout(asking.patienceMs)
  try {
    const about: About = await (await ask(asking, 'about', { probe: mark() }, { signal })).json()
    return about.cookie || !navigator.cookieEnabled
  } catch {
    // Something else is wrong, and found elsewhere.
    return true
  } finally {
    document.cookie = `${probeCookie}=; max-age=0; ${where}`
  }
}

/** How many of some requests the server held at the same time. */
async function countAtOnce(asking: Asking): Promise<number> {
  const signal = AbortSignal.timeout(asking.patienceMs + 2 * holdMs)
  const answers = await Promise.all(
    Array.from({ length: asked }, async (): Promise<Held | undefined> => {
      try {
        return await (await ask(asking, 'hold', { probe: mark(), ms: holdMs }, { signal })).json()
      } catch {
        // What failed says nothing about how many there may be.
        return undefined
      }
    }),
  )
  const held = answers.filter((answer) => answer !== undefined)
  // The most are held together when one of them begins.
  const together = held.map(
    ({ from }) => held.filter((each) => each.from <= from && from < each.until).length,
  )
  return Math.max(0, ...together)
}
