import { certificateFault, faultText } from './connecting.ts'
import { entries, finding, type Finding, type FindingCode } from './findings.ts'
import { findingsOf, isHeldBack } from './found.ts'
import type { Measurements } from './measurements.ts'
import { knownAmong, mendFor, type ProxyName } from './proxies.ts'
import { capital, listed } from './words.ts'

/** `broken`: live updates do not get through, or nothing is known. */
export type Level = 'good' | 'findings' | 'broken'

/** What an examination comes to. */
export interface Verdict {
  readonly level: Level
  /** For whoever looks after the network, in one or two sentences. */
  readonly sentence: string
  /** The gravest first. */
  readonly findings: readonly Finding[]
  /** The transport that the SDK will use here. */
  readonly transport: 'websocket' | 'sse' | 'poll' | undefined
  /** The proxies that name themselves: what mends something is for them, where they can be what is to mend. */
  readonly proxies: readonly ProxyName[]
}

/** In the order in which the SDK prefers them. */
export const transports = [
  {
    name: 'websocket',
    text: 'WebSockets',
    measured: ({ socket }: Measurements) => socket !== undefined,
    works: ({ socket }: Measurements) => socket?.kind === 'works',
    codes: ['upgrade-stripped', 'upgrade-refused', 'websocket-swallowed', 'websocket-cut'],
  },
  {
    name: 'sse',
    text: 'event streams',
    measured: ({ stream }: Measurements) => stream !== undefined,
    works: ({ stream }: Measurements) =>
      stream?.kind === 'delivered' && stream.received === stream.sent && !isHeldBack(stream),
    codes: ['sse-blocked', 'sse-buffered', 'sse-lost', 'compression-held'],
  },
  {
    name: 'poll',
    text: 'long-polling',
    measured: ({ poll }: Measurements) => poll !== undefined,
    works: ({ poll }: Measurements) => poll?.kind === 'survived',
    codes: ['poll-blocked'],
  },
] as const

const gravity = { problem: 0, warning: 1, note: 2 } as const

/** Judges what was measured. Pure. */
export function judge(so: Measurements): Verdict {
  const { reach } = so
  switch (reach.kind) {
    case 'everwire':
      return judgeServer(so, reach.shown)
    case 'unreachable':
      return certificateFault(reach.reason) === undefined
        ? broken(so, 'unreachable', reason(reach.reason), 'Nothing answers at')
        : broken(so, 'certificate-untrusted', reason(reach.reason), 'The certificate is not trusted of')
    case 'off':
      return broken(
        so,
        'doctor-off',
        'An Everwire server answers; its doctor does not.',
        'Nothing is known of the path to',
      )
    case 'refused':
      return broken(
        so,
        'doctor-busy',
        `${capital(reach.message)} (${reach.code}).`,
        'Nothing is known of the path to',
      )
    case 'other': {
      const what = `The answer was ${reach.status}${reach.type ? ` with the type ${reach.type}` : ''}.`
      return broken(so, 'not-everwire', what, 'There is no Everwire server at')
    }
  }
}

function reason(code: string): string {
  return `${capital(faultText(code))}.`
}

function broken(so: Measurements, code: FindingCode, seen: string, words: string): Verdict {
  const sentence = `${words} ${so.url}.`
  return { level: 'broken', sentence, findings: [finding(code, seen)], transport: undefined, proxies: [] }
}

function judgeServer(so: Measurements, shown: readonly string[]): Verdict {
  const proxies = knownAmong(shown)
  const findings = findingsOf(so)
    .sort((a, b) => gravity[a.severity] - gravity[b.severity])
    .map((found) => ({ ...found, mend: mendFor(found.mend, proxies) }))
  const working = transports.filter(({ works }) => works(so))
  const failing = transports.filter(({ works }) => !works(so))
  const why = failing.map(({ text, codes }) => {
    const found = findings.find(({ code }) => codes.some((each) => each === code))
    return `${text} do${text === 'long-polling' ? 'es' : ''} not: ${found?.because ?? 'they could not be measured'}`
  })
  const transport = working[0]?.name
  if (!transport) {
    const sentence = `Live updates do not get through to this server. ${why.map((each) => `${capital(each)}.`).join(' ')}`
    return { level: 'broken', sentence, findings, transport, proxies }
  }
  const grave = findings.filter(({ severity }) => severity !== 'note')
  const level: Level = grave.length > 0 || failing.length > 0 ? 'findings' : 'good'
  if (failing.length > 0) {
    const ways = listed(working.map(({ text }) => text))
    const sentence = `Live updates work here over ${ways}. ${why.map((each) => `${capital(each)}.`).join(' ')}`
    return { level, sentence, findings, transport, proxies }
  }
  const all = 'WebSockets, event streams and long-polling all get through'
  const [first] = grave
  if (!first) return { level, sentence: `All is well: ${all}.`, findings, transport, proxies }
  const more = grave.length > 1 ? `, and ${grave.length - 1} more below` : ''
  return {
    level,
    sentence: `${capital(all)}. To mend: ${lower(entries[first.code].title)}${more}.`,
    findings,
    transport,
    proxies,
  }
}

function lower(text: string): string {
  return /^[A-Z][a-z]* /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
