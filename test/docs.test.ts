import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everwire } from './cli/command.ts'
import { commandsIn, filesIn, typedLines } from './docs/commands.ts'
import { readPage } from './docs/markdown.ts'
import { pages, root } from './docs/pages.ts'
import { snippetsOf, typeErrors } from './docs/snippets.ts'

const manifest: { readonly scripts: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

/** What npm itself knows, of what the documentation uses. */
const npmCommands = ['ci', 'create', 'exec', 'init', 'install', 'pack', 'publish', 'run', 'update']

function foldersOf(path: string): string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** What is wrong with the links of a page. */
function brokenLinks(path: string): string[] {
  const page = pages.get(path)
  return (page?.links ?? []).flatMap(({ target, line }) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return []
    const [to = '', anchor] = decodeURI(target).split('#')
    const file = to === '' ? path : to.startsWith('/') ? to.slice(1) : join(dirname(path), to)
    if (!existsSync(join(root, file))) return [`${path}:${line}: there is no ${file}`]
    if (anchor === undefined) return []
    const anchors = pages.get(file)?.anchors
    return anchors?.has(anchor) ? [] : [`${path}:${line}: ${file} has no heading for #${anchor}`]
  })
}

describe('the documentation', () => {
  test('is found', () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['README.md', 'PROTOCOL.md', 'ARCHITECTURE.md']))
  })

  test('has no link that leads nowhere', () => {
    expect([...pages.keys()].flatMap(brokenLinks)).toEqual([])
  })

  test('shows no TypeScript that the compiler refuses', () => {
    const snippets = snippetsOf(pages)
    expect(snippets.length).toBeGreaterThan(1)
    expect(typeErrors(snippets)).toEqual([])
  })

  test('names no npm script and no command of everwire that does not exist', async () => {
    const unknown: string[] = []
    const helps = new Map<string, Promise<{ readonly code: unknown; readonly stdout: string }>>()
    for (const [path, page] of pages) {
      for (const { program, name, options } of commandsIn(typedLines(page))) {
        if (program === 'npm') {
          const script = name.replace(/^run /, '')
          if (!(script in manifest.scripts || npmCommands.includes(name)))
            unknown.push(`${path}: npm ${name}`)
          continue
        }
        const help = helps.get(name) ?? everwire(name === '' ? ['--help'] : ['help', name])
        helps.set(name, help)
        const { code, stdout } = await help
        if (code !== 0) unknown.push(`${path}: everwire ${name}`)
        for (const option of options) {
          if (!stdout.includes(`--${option}`)) unknown.push(`${path}: everwire ${name} --${option}`)
        }
      }
    }
    expect(unknown).toEqual([])
    expect(helps.size).toBeGreaterThan(0)
  })

  test('names no file of the checkout that does not exist', () => {
    const folders = [...foldersOf('.'), ...foldersOf('src')].filter((name) => name !== 'node_modules')
    const missing = [...pages].flatMap(([path, page]) =>
      filesIn(typedLines(page), folders)
        .filter((file) => !['', 'src', dirname(path)].some((from) => existsSync(join(root, from, file))))
        .map((file) => `${path}: ${file}`),
    )
    expect(missing).toEqual([])
  })
})

describe('the checker of the documentation', () => {
  const page = (text: string) => new Map([['PAGE.md', readPage(text)]])

  test('sees a snippet that the compiler refuses, and where', () => {
    const wrong = [
      '# Title',
      '```ts server',
      "import { everwire } from 'everwire'",
      "everwire({ channels: { 'a/*': { keep: 'everything' } } })",
      '```',
      '```ts client',
      "import { connect } from 'everwire/client'",
      "connect('/wire').chanel('a')",
      'process.exit(1)',
      '```',
    ].join('\n')
    const errors = typeErrors(snippetsOf(page(wrong)))
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PAGE\.md:4: error .*"everything"/),
        expect.stringMatching(/^PAGE\.md:8: error .*'chanel'/),
        expect.stringMatching(/^PAGE\.md:9: error .*'process'/),
      ]),
    )
  })

  test('wants every snippet to say its side', () => {
    expect(() => snippetsOf(page('```ts\nexport {}\n```'))).toThrow('PAGE.md:1')
  })

  test('reads links, anchors and code, and no links of code', () => {
    const text = [
      '# One `two` — Three!',
      '# One `two` — Three!',
      '[a](b.md#c) ![d](e.svg "title") `[no](link)` <a id="here"></a>',
      '',
      '    [indented](x.md)',
      '[named]: f.md',
      '```',
      '[in a block](g.md)',
      '```',
    ].join('\n')
    const { links, anchors, code } = readPage(text)
    expect(links.map(({ target }) => target)).toEqual(['b.md#c', 'e.svg', 'x.md', 'f.md'])
    expect([...anchors]).toEqual(['one-two--three', 'one-two--three-1', 'here'])
    expect(code).toContain('[no](link)')
  })

  test('sees what is typed', () => {
    const lines = [
      'npm run -s build && npm test -- a.ts',
      'npm exec everwire -- serve --port 0 --data ./d | cat --all',
      "import 'everwire/client'",
      'everwire --help',
      './node_modules/everwire run',
    ]
    expect(commandsIn(lines)).toEqual([
      { program: 'npm', name: 'run build', options: [] },
      { program: 'npm', name: 'test', options: [] },
      { program: 'npm', name: 'exec', options: [] },
      { program: 'everwire', name: 'serve', options: ['port', 'data'] },
      { program: 'everwire', name: '', options: ['help'] },
    ])
    expect(filesIn(['node test/a.ts', '`docs/b.md`, other/c.ts'], ['test', 'docs'])).toEqual([
      'test/a.ts',
      'docs/b.md',
    ])
  })
})
