import type { Finding } from './findings.ts'
import type { Measurements } from './measurements.ts'
import type { Mend } from './mend.ts'
import { rowsOf } from './table.ts'
import type { Verdict } from './verdict.ts'
import { listed } from './words.ts'

export const places: Readonly<Record<Mend['where'], string>> = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  apache: 'Apache',
  varnish: 'Varnish',
  squid: 'Squid',
  caddy: 'Caddy',
  everwire: 'Everwire',
  network: 'the network',
  server: 'the server',
  client: 'this machine',
}

/** Proxies for which the command line prints a whole configuration. */
export const printed = ['nginx', 'haproxy', 'caddy', 'apache'] as const

/** Whose lines these are, and where to get a whole configuration; undefined where no proxy is to be mended. */
export function whole({ findings, proxies }: Verdict): string | undefined {
  const mends = (name: string) => findings.some(({ mend }) => mend.some(({ where }) => where === name))
  const theirs = proxies.filter(mends)
  const named = printed.filter((name) => (theirs.length > 0 ? theirs.includes(name) : mends(name)))
  const [first] = named
  const shown = listed(theirs.map((name) => places[name]))
  const whose =
    theirs.length > 0
      ? `${shown} ${theirs.length > 1 ? 'name themselves' : 'names itself'} on the way; docs/doctor.md has the lines for other proxies.`
      : ''
  const rest = named.length > 1 ? `; so it does for ${listed(named.slice(1))}` : ''
  const where = first
    ? `\`everwire proxy ${first}\` prints a whole configuration, which is tested${rest}.`
    : ''
  return [whose, where].filter(Boolean).join(' ') || undefined
}

/** A report to copy, in Markdown: nothing in it is secret. */
export function markdown(so: Measurements, verdict: Verdict, at: Date): string {
  const from = so.from === 'page' ? 'a browser' : 'the command line'
  const findings = verdict.findings.map(findingText)
  const hint = whole(verdict)
  const rows = rowsOf(so).map(({ what, result }) => `| ${what} | ${result.replaceAll('|', '\\|')} |`)
  return [
    '# Everwire doctor',
    '',
    `**${verdict.sentence}**`,
    '',
    `${so.url}, examined from ${from} at ${at.toISOString()}.`,
    '',
    ...(findings.length > 0 ? ['## Findings', '', ...findings] : []),
    ...(hint === undefined ? [] : [hint, '']),
    ...(rows.length > 0 ? ['## Measurements', '', '| | |', '|---|---|', ...rows, ''] : []),
  ].join('\n')
}

function findingText({ code, severity, title, seen, users, sdk, mend }: Finding): string {
  const fixes = mend.flatMap(({ where, lines }) => [
    `To mend it in ${places[where]}:`,
    '',
    ...lines.map((line) => `    ${line}`),
    '',
  ])
  return [
    `### ${title} (\`${code}\`, ${severity})`,
    '',
    seen,
    '',
    `- For users: ${users}`,
    `- The SDK: ${sdk}`,
    '',
    ...fixes,
  ].join('\n')
}
