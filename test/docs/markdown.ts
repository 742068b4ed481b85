/** A fenced block: its info string, its text, and the line on which it begins. */
export interface Block {
  readonly info: string
  readonly text: string
  readonly line: number
}

export interface Link {
  readonly target: string
  readonly line: number
}

export interface Page {
  readonly blocks: readonly Block[]
  readonly links: readonly Link[]
  /** What `#...` may name. */
  readonly anchors: ReadonlySet<string>
  /** What stands in backticks within a line. */
  readonly code: readonly string[]
}

const fence = /^ {0,3}(`{3,}|~{3,})(.*)$/
const inlineCode = /(`+)(.+?)\1(?!`)/g
const inlineLink = /\[[^\]]*\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g
const namedLink = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/
const attribute = /\b(?:href|src|id|name)="([^"]+)"/g

/** The parts of a Markdown text that can rot. */
export function readPage(text: string): Page {
  const blocks: Block[] = []
  const links: Link[] = []
  const code: string[] = []
  const anchors = new Set<string>()
  let open:
    | { readonly mark: string; readonly info: string; readonly line: number; lines: string[] }
    | undefined
  for (const [index, row] of text.split('\n').entries()) {
    const [, mark = '', info = ''] = fence.exec(row) ?? []
    if (open) {
      if (mark.startsWith(open.mark) && info.trim() === '') {
        blocks.push({ info: open.info, text: `${open.lines.join('\n')}\n`, line: open.line })
        open = undefined
      } else open.lines.push(row)
      continue
    }
    if (mark) {
      open = { mark, info: info.trim(), line: index + 1, lines: [] }
      continue
    }
    code.push(...[...row.matchAll(inlineCode)].map((match) => match[2] ?? ''))
    const heading = /^#{1,6} +(.+?) *#*$/.exec(row)?.[1]
    if (heading !== undefined) anchors.add(unused(slug(heading), anchors))
    const prose = row.replaceAll(inlineCode, '')
    const line = index + 1
    for (const [, target = ''] of prose.matchAll(inlineLink)) links.push({ target, line })
    const named = namedLink.exec(prose)?.[1]
    if (named !== undefined) links.push({ target: named, line })
    for (const [whole, value = ''] of prose.matchAll(attribute)) {
      if (/^(id|name)/.test(whole)) anchors.add(value)
      else links.push({ target: value, line })
    }
  }
  if (open) throw new Error(`the block that begins on line ${open.line} does not end`)
  return { blocks, links, anchors, code }
}

/** The anchor that GitHub gives a heading. */
function slug(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')
}

function unused(name: string, taken: ReadonlySet<string>): string {
  let found = name
  for (let n = 1; taken.has(found); n++) found = `${name}-${n}`
  return found
}
