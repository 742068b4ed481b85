import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from './markdown.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A snippet of a page: `ts server` runs on Node without a page, `ts client` in a page without Node. */
export interface Snippet {
  readonly side: 'server' | 'client'
  readonly text: string
  /** `README.md:27`. */
  readonly place: string
}

/** The TypeScript of the pages. Throws for a block that does not say its side. */
export function snippetsOf(pages: ReadonlyMap<string, Page>): Snippet[] {
  return [...pages].flatMap(([path, { blocks }]) =>
    blocks.flatMap(({ info, text, line }) => {
      const [language = '', side = ''] = info.split(/\s+/)
      if (!/^(ts|tsx|typescript)$/.test(language)) return []
      const place = `${path}:${line}`
      if (side !== 'server' && side !== 'client') {
        throw new Error(`${place}: a block of TypeScript says its side, "ts server" or "ts client"`)
      }
      return [{ side, text, place }]
    }),
  )
}

/** What a snippet may take for granted: the application around it. */
const surroundings = {
  server: '',
  client: [
    'declare const page: { readonly position: string }',
    'declare function render(data: unknown): void',
    'declare function reload(gap: unknown): void',
  ].join('\n'),
}

const settings = {
  server: { lib: ['ES2024'], types: ['node'] },
  client: { lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'], types: [] },
}

/** Checks every snippet against the sources, in one run of the compiler; answers what it says, by place. */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  return inFolder((folder) => {
    const sides = (['server', 'client'] as const).filter((side) =>
      snippets.some((each) => each.side === side),
    )
    for (const side of sides) {
      mkdirSync(join(folder, side))
      const project = {
        extends: '../../tsconfig.json',
        compilerOptions: settings[side],
        include: ['.'],
      }
      writeFileSync(join(folder, side, 'tsconfig.json'), JSON.stringify(project))
      writeFileSync(join(folder, side, 'surroundings.d.ts'), surroundings[side])
    }
    for (const [index, { side, text }] of snippets.entries()) {
      writeFileSync(join(folder, side, `${index}.tsx`), `${text}export {}\n`)
    }
    const projects = sides.map((side) => join(folder, side))
    const tsc = spawnSync('tsc', ['--build', ...projects, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (tsc.error) throw tsc.error
    const said = tsc.stdout.split('\n').filter(Boolean)
    if (tsc.status !== 0 && said.length === 0) throw new Error(`tsc ended with ${tsc.status}: ${tsc.stderr}`)
    return said.map((line) => placed(line, snippets))
  })
}

/** `server/0.tsx(3,1): error ...` -> `README.md:30: error ...`. */
function placed(line: string, snippets: readonly Snippet[]): string {
  return line.replace(
    /^(?:server|client)[\\/](\d+)\.tsx\((\d+),\d+\)/,
    (found, index: string, row: string) => {
      const [path, first] = snippets[Number(index)]?.place.split(':') ?? []
      return path === undefined ? found : `${path}:${Number(first) + Number(row)}`
    },
  )
}

/** Gives a new folder inside the checkout, where the package's own name and its dependencies are found. */
function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(root, '.snippets-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
