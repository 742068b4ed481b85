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
  everwire: 'Everwire',
  network: 'the network',
  server: 'the server',
  client: 'this machine',
}

/** Proxies for which the command line prints a whole configuration. */
const printed = ['nginx', 'haproxy', 'apache'] as const

/** Where to get whole configurations of what these findings can be mended in; undefined where there are none. */
export function whole(findings: readonly Finding[]): string | undefined {
  const named = printed.filter((name) =>
    findings.some(({ mend }) => mend.some(({ where }) => where === name)),
  )
  const [first] = named
  return (
    first &&
    `\`everwire proxy ${first}\` prints a whole configuration${named.length > 1 ? `; so it does for ${listed(named.slice(1))}` : ''}.`
  )
}

/** A report to copy, in Markdown: nothing in it is secret. */
export function markdown(so: Measurements, verdict: Verdict, at: Date): string {
  const from = so.from === 'page' ? 'a browser' : 'the command line'
  const findings = verdict.findings.map(findingText)
  const hint = whole(verdict.findings)
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
