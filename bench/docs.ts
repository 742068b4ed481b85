// The report as a part of docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is written into the page, each below its mark and until the next one. */
interface Part {
  readonly mark: 'profile' | 'growth' | 'browser' | 'bench'
  readonly title: string
  /** Markdown, its headings below that of the title. */
  readonly text: string
  readonly drawing: { readonly file: string; readonly alt: string; readonly svg: string } | undefined
}

/** Replaces what an earlier run has written, and its drawing. Throws when there is no such mark. */
export function document(folder: string, { mark, title, text, drawing }: Part): void {
  const path = join(folder, 'performance.md')
  const page = readFileSync(path, 'utf8')
  const begun = new RegExp(`^<!-- ${mark}: .* -->$`, 'm').exec(page)
  if (!begun) throw new Error(`${path} has no line that begins with <!-- ${mark}:`)
  const from = begun.index + begun[0].length
  const until = /^<!-- \w+: .* -->$/m.exec(page.slice(from))
  const rest = until ? `\n${page.slice(from + until.index)}` : ''
  if (drawing) writeFileSync(join(folder, 'assets', drawing.file), drawing.svg)
  const image = drawing ? `![${drawing.alt}](assets/${drawing.file})\n\n` : ''
  writeFileSync(path, `${page.slice(0, from)}\n\n## ${title}\n\n${image}${text}${rest}`)
}
