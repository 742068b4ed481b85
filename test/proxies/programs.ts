import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const proxyNames = ['nginx', 'haproxy', 'varnish', 'squid', 'caddy', 'apache'] as const
export type ProxyName = (typeof proxyNames)[number]

/** A proxy that is on this machine. */
export interface Program {
  readonly path: string
  /** Where the `usr` of its package is. */
  readonly root: string
  /** Folders of its shared libraries, besides the system's. */
  readonly libraries: readonly string[]
}

const script = fileURLToPath(new URL('../../scripts/proxies.mjs', import.meta.url))

/** The proxies that are on this machine; `node scripts/proxies.mjs` fetches them. */
export const programs: Readonly<Partial<Record<ProxyName, Program>>> = JSON.parse(
  execFileSync(process.execPath, [script, '--find'], { encoding: 'utf8' }),
)

/** For the name of a test: why it cannot run; empty when it can. */
export function unlessThere(...names: readonly ProxyName[]): string {
  const missing = names.filter((name) => !programs[name])
  return missing.length > 0 ? `(skipped: no ${missing.join(', ')}; node scripts/proxies.mjs fetches it)` : ''
}
