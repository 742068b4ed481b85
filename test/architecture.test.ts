import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cycles, importsOf, wrongArrows } from './architecture/imports.ts'

const maxLines = 400
const root = new URL('../', import.meta.url)

const sources = new Map(
  readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test(-d)?\.tsx?$/.test(path))
    .sort()
    .map((path) => [`src/${path}`, readFileSync(new URL(`src/${path}`, root), 'utf8')]),
)
const imports = new Map([...sources].map(([file, text]) => [file, importsOf(text)]))

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}
const manifest: Manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })

describe('the sources', () => {
  test('import only along the arrows', () => {
    expect(wrongArrows(imports, installed)).toEqual([])
  })

  test('have no import cycle', () => {
    expect(cycles(imports)).toEqual([])
  })

  test('are found, and every relative import of theirs leads to a file', () => {
    expect(sources.has('src/index.ts')).toBe(true)
    const lost = [...imports].flatMap(([file, specifiers]) =>
      specifiers
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => new URL(specifier, `file:///${file}`).pathname.slice(1))
        .filter((path) => path.startsWith('src/') && !sources.has(path))
        .map((path) => `${file} imports ${path}`),
    )
    expect(lost).toEqual([])
  })

  test(`have at most ${maxLines} lines a file`, () => {
    const lines = [...sources].map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }))
    const biggest = lines.sort((a, b) => b.lines - a.lines)
    console.log(`biggest files of ${lines.length}:`)
    for (const entry of biggest.slice(0, 5)) console.log(`${String(entry.lines).padStart(5)}  ${entry.file}`)
    expect(biggest.filter((entry) => entry.lines > maxLines)).toEqual([])
  })
})

describe('the reader of imports', () => {
  test('sees every form of import', () => {
    const text = [
      "import './effect.ts'",
      "import type { A } from './type.ts'",
      "import one, { two as three } from './names.ts'",
      "import * as all from './all.ts'",
      'import {',
      '  b,',
      '  c,',
      "} from './lines.ts'",
      "export * from './star.ts'",
      "export {d} from './tight.ts'",
      "export{e}from'./tighter.ts'",
      "const late = await import('./late.ts')",
      "let value: import('./inline.ts').Value",
      'import { f } from "node:http"',
    ]
    expect(importsOf(text.join('\n')).sort()).toEqual(
      [
        './all.ts',
        './effect.ts',
        './inline.ts',
        './late.ts',
        './lines.ts',
        './names.ts',
        './star.ts',
        './tight.ts',
        './tighter.ts',
        './type.ts',
        'node:http',
      ].sort(),
    )
  })

  test('takes neither comments nor exported strings for imports', () => {
    const text = [
      "// import { a } from './comment.ts'",
      '/**',
      " * import { b } from './example.ts'",
      ' */',
      "export const from = './constant.ts'",
      "export type Kind = 'one' | 'two'",
    ]
    expect(importsOf(text.join('\n'))).toEqual([])
  })
})

describe('the checker', () => {
  const wrong = (file: string, ...specifiers: string[]) => wrongArrows(new Map([[file, specifiers]]), ['ws'])

  test.each([
    ['src/log/memory.ts', '../hub/topic.ts'],
    ['src/protocol/codes.ts', '../log/log.ts'],
    ['src/protocol/codes.ts', '../contract/channel.ts'],
    ['src/log/log.ts', '../contract/channel.ts'],
    ['src/hub/topic.ts', '../session/session.ts'],
    ['src/session/link.ts', '../server/poll.ts'],
    ['src/server/sse.ts', '../node/request.ts'],
    ['src/client/channel.ts', '../hub/topic.ts'],
    ['src/client/channel.ts', 'node:events'],
    ['src/client/channel.ts', 'ws'],
    ['src/protocol/json.ts', 'node:buffer'],
    ['src/contract/channel.ts', 'node:events'],
    ['src/cli/main.ts', '../testing/index.ts'],
    ['src/index.ts', './client/index.ts'],
    ['src/index.ts', './cli/main.ts'],
    ['src/index.ts', './testing/index.ts'],
    ['src/session/session.ts', 'node:http'],
    ['src/hub/topic.ts', 'node:http2'],
    ['src/server/websocket.ts', 'express'],
    ['src/server/websocket.ts', '../../test/fake.ts'],
    ['src/somewhere/new.ts', './other.ts'],
    ['src/stray.ts', './index.ts'],
  ])('catches %s importing %s', (file, specifier) => {
    expect(wrong(file, specifier)).toHaveLength(1)
  })

  test.each([
    ['src/log/memory.ts', '../protocol/position.ts'],
    ['src/log/sqlite.ts', 'node:sqlite'],
    ['src/session/session.ts', '../contract/channel.ts'],
    ['src/server/websocket.ts', 'ws'],
    ['src/node/server.ts', 'node:http'],
    ['src/client/deep/inner.ts', '../channel.ts'],
    ['src/testing/index.ts', '../cli/main.ts'],
    ['src/cli/main.ts', '../index.ts'],
    ['src/index.ts', './node/server.ts'],
  ])('lets %s import %s', (file, specifier) => {
    expect(wrong(file, specifier)).toEqual([])
  })

  test('catches a cycle over several files, and says its path', () => {
    const tree = new Map([
      ['src/hub/a.ts', ['./b.ts']],
      ['src/hub/b.ts', ['../log/c.ts', 'node:events']],
      ['src/log/c.ts', ['../hub/a.ts']],
      ['src/hub/d.ts', ['./a.ts']],
    ])
    expect(cycles(tree)).toEqual(['src/hub/a.ts -> src/hub/b.ts -> src/log/c.ts -> src/hub/a.ts'])
  })

  test('finds no cycle in a tree whose branches meet again', () => {
    const tree = new Map([
      ['src/hub/a.ts', ['./b.ts', './c.ts']],
      ['src/hub/b.ts', ['./d.ts']],
      ['src/hub/c.ts', ['./d.ts']],
      ['src/hub/d.ts', []],
    ])
    expect(cycles(tree)).toEqual([])
  })
})
