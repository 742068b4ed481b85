import type { Finding } from './findings.ts'
import type { Measurements } from './measurements.ts'
import type { Mend } from './mend.ts'
import { rowsOf } from './table.ts'
import type { Verdict } from './verdict.ts'

/** Proxies for which `everwire proxy NAME` prints a whole configuration. */
export const places: Readonly<Record<Mend['where'], string>> = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  apache: 'Apache',
  varnish: 'Varnish',
  everwire: 'Everwire',
  network: 'the network',
  server: 'the server',
}

/** A report to copy, in Markdown: nothing in it is secret. */
export function markdown(so: Measurements, verdict: Verdict, at: Date): string {
  const from = so.from === 'page' ? 'a browser' : 'the command line'
  const findings = verdict.findings.map(findingText)
  const rows = rowsOf(so).map(({ what, result }) => `| ${what} | ${result.replaceAll('|', '\\|')} |`)
  return [
    '# Everwire doctor',
    '',
    `**${verdict.sentence}**`,
    '',
    `${so.url}, examined from ${from} at ${at.toISOString()}.`,
    '',
    ...(findings.length > 0 ? ['## Findings', '', ...findings] : []),
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
