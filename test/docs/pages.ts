import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readPage, type Page } from './markdown.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every page of the documentation by its path in the checkout. */
export const pages: ReadonlyMap<string, Page> = new Map(
  ['*.md', 'docs/**/*.md', 'examples/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (path) => path === 'node_modules' }))
    .sort()
    .map((path) => [path, read(path)]),
)

function read(path: string): Page {
  try {
    return readPage(readFileSync(`${root}/${path}`, 'utf8'))
  } catch (error) {
    throw new Error(`${path} cannot be read as Markdown`, { cause: error })
  }
}
