import type { Mend } from './mend.ts'

/** The proxies that lines of configuration are given for, and how each names itself, if it does. */
const names = {
  nginx: /^(nginx|openresty|tengine|angie)\b/i,
  haproxy: /^haproxy\b/i,
  // Not Tomcat, which is Apache-Coyote.
  apache: /^apache(\/|$)/i,
  varnish: /^varnish\b/i,
  squid: /^squid\b/i,
  caddy: /^caddy\b/i,
} as const

export type ProxyName = keyof typeof names

/** What those on the way say of themselves in the headers of an answer; not what their machines are called. */
export function shownBy(headers: Headers): string[] {
  // Everwire says nothing of the kind itself.
  const server = /^[^\s(]+/.exec(headers.get('server') ?? '')?.[0]
  const via = (headers.get('via') ?? '').split(',').flatMap((entry) => {
    const [, name = '', comment] = /^\s*\S+\s+(\S+)(?:\s+\((.+)\))?/.exec(entry) ?? []
    return comment ?? (/[.:]/.test(name) ? [] : name)
  })
  return [...new Set([...(server === undefined ? [] : [server]), ...via])].filter(Boolean)
}

/** Those among them that lines of configuration are given for. */
export function knownAmong(shown: readonly string[]): ProxyName[] {
  return Object.entries(names).flatMap(([name, pattern]) =>
    // Written above.
    shown.some((each) => pattern.test(each)) ? [name as ProxyName] : [],
  )
}

/** What is for those that are known to be there, where there is something for them; else what there is for all. */
export function mendFor(mend: readonly Mend[], known: readonly ProxyName[]): readonly Mend[] {
  const isTheirs = ({ where }: Mend) => known.some((name) => name === where)
  return mend.some(isTheirs) ? mend.filter((each) => isTheirs(each) || !(each.where in names)) : mend
}
