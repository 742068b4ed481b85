import type { Finding, Severity } from '../doctor/findings.ts'
import type { Measurements } from '../doctor/measurements.ts'
import { places, whole } from '../doctor/report.ts'
import { rowsOf } from '../doctor/table.ts'
import type { Level, Verdict } from '../doctor/verdict.ts'
import type { Terminal } from './terminal.ts'

const colours = { problem: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<
  Severity,
  string
>
const levelColours = { good: 'green', findings: 'yellow', broken: 'red' } as const satisfies Record<
  Level,
  string
>

/** The verdict, what was measured, and what was found, for a terminal. */
export function examinationText(so: Measurements, verdict: Verdict, terminal: Terminal): string {
  const width = (terminal.columns ?? 100) - 2
  const rows = rowsOf(so)
  const column = Math.max(0, ...rows.map(({ what }) => what.length))
  const measured = rows.map(
    ({ what, result }) => `  ${terminal.style('dim', what.padEnd(column))}  ${result}`,
  )
  return [
    terminal.style(['bold', levelColours[verdict.level]], wrapped(verdict.sentence, width).join('\n')),
    '',
    ...(measured.length > 0 ? [...measured, ''] : []),
    ...verdict.findings.flatMap((finding) => findingLines(finding, width, terminal)),
    ...wrapped(whole(verdict) ?? '', width),
  ]
    .join('\n')
    .trimEnd()
}

function findingLines(finding: Finding, width: number, terminal: Terminal): string[] {
  const { code, severity, title, seen, users, sdk, mend } = finding
  const text = (label: string, said: string) =>
    wrapped(said, width - 11).map(
      (line, i) => `  ${terminal.style('dim', (i === 0 ? label : '').padEnd(9))}${line}`,
    )
  return [
    `${terminal.style(['bold', colours[severity]], severity)}  ${terminal.style('bold', title)}  ${terminal.style('dim', code)}`,
    ...text('', seen),
    ...text('users', users),
    ...text('the SDK', sdk),
    ...mend.flatMap(({ where, lines }) =>
      lines.map(
        (line, i) =>
          `  ${terminal.style('dim', (i === 0 ? places[where] : '').padEnd(13))}${terminal.style('green', line)}`,
      ),
    ),
    '',
  ]
}

/** Lines of at most `width` characters, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
