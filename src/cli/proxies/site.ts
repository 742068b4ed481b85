/** What a proxy is to do. */
export interface Site {
  /** Absent: all addresses. An IPv6 address has its brackets. */
  readonly host: string | undefined
  readonly port: number
  /** Host and port of Everwire. */
  readonly upstream: string
  /** PEM files; absent: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
}

/** A configuration for one proxy: right as it stands. */
export type Recommended = (site: Site) => string

/** Lines that are there only if `when`. */
export function only(when: boolean, ...lines: readonly string[]): string {
  return when ? lines.map((line) => `${line}\n`).join('') : ''
}
