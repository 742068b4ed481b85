// The report as a part of docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const mark = /^<!-- bench: .* -->$/m

/** Replaces what an earlier run has written below the mark, and its drawing. Throws when there is no mark. */
export function document(folder: string, report: string, drawing: string | undefined): void {
  const path = join(folder, 'performance.md')
  const page = readFileSync(path, 'utf8')
  const found = mark.exec(page)
  if (!found) throw new Error(`${path} has no line that begins with <!-- bench:`)
  const image = drawing ? '\n![CPU per delivery beside a C server](assets/bench.svg)\n' : ''
  const below = report.replaceAll(/^## /gm, '### ').replace(/^# Bench\n/, `## Results\n${image}`)
  if (drawing) writeFileSync(join(folder, 'assets', 'bench.svg'), drawing)
  writeFileSync(path, `${page.slice(0, found.index)}${found[0]}\n\n${below}`)
}
