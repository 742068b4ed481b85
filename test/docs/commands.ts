import type { Page } from './markdown.ts'

/** A command line of the documentation. */
export interface Typed {
  readonly program: 'npm' | 'everwire'
  /** `run build`, `test`, `serve`; empty for `everwire --help`. */
  readonly name: string
  /** The long options that follow, without the dashes. */
  readonly options: readonly string[]
}

const shells = new Set(['', 'sh', 'bash', 'shell', 'console'])

/** The lines of a page that somebody may type: those of its shell blocks, and its inline code. */
export function typedLines({ blocks, code }: Page): string[] {
  const inBlocks = blocks
    .filter(({ info }) => shells.has(info.split(/\s+/)[0] ?? ''))
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, ' ').split('\n'))
  return [...inBlocks, ...code].map((line) => line.replace(/(^|\s)# .*$/, ''))
}

/** The calls of npm and of everwire in these lines, each once. */
export function commandsIn(lines: readonly string[]): Typed[] {
  const found = new Map<string, Typed>()
  const add = (typed: Typed) => found.set(JSON.stringify(typed), typed)
  for (const line of lines) {
    for (const [, run, , name = ''] of line.matchAll(
      /(?<![\w./-])npm (run(?:-script)? )?((?:-\S+ )*)([a-z][\w:-]*)/g,
    )) {
      add({ program: 'npm', name: run ? `run ${name}` : name, options: [] })
    }
    for (const [, rest = ''] of line.matchAll(
      /(?<![\w./@'"-])everwire(?: --(?=\s))?((?:\s+[^\s|&;<>]+)+)/g,
    )) {
      const [first = '', ...words] = rest.trim().split(/\s+/)
      const name = /^[a-z][a-z-]*$/.test(first) ? first : ''
      const options = [first, ...words].flatMap((word) => /^--([a-z][a-z-]*)/.exec(word)?.[1] ?? [])
      if (name !== '' || options.length > 0) add({ program: 'everwire', name, options })
    }
  }
  return [...found.values()]
}

/** What looks like the path of a file, and begins with one of these folders. */
export function filesIn(lines: readonly string[], folders: readonly string[]): string[] {
  const words = lines.flatMap((line) => line.split(/[\s'"`,;()]+/))
  return words.filter(
    (word) => /^[\w.-]+(\/[\w.-]+)+\.\w+$/.test(word) && folders.includes(word.split('/')[0] ?? ''),
  )
}
