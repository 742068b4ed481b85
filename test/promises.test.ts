import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { capabilities, later, protocolPromises } from './promises.ts'
import { cites, namesOf } from './promises/cited.ts'

const root = new URL('../', import.meta.url)

const names = ['test/', 'src/'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.test\.tsx?$/.test(path) && path !== 'promises.test.ts')
    .flatMap((path) => namesOf(readFileSync(new URL(folder + path, root), 'utf8'))),
)

const cited = (id: string) => names.some((name) => cites(name, id))

describe('the promises', () => {
  test('are all cited by the name of a test, but for those that come later', () => {
    const uncited = [...protocolPromises, ...capabilities].filter(({ id }) => !cited(id) && !(id in later))
    expect(uncited).toEqual([])
  })

  test('come later only while no test cites them', () => {
    const known = new Set([...protocolPromises, ...capabilities].map(({ id }) => id))
    expect(Object.keys(later).filter((id) => cited(id) || !known.has(id))).toEqual([])
  })

  test('of the protocol are those that PROTOCOL.md makes with MUST, in its words', () => {
    const text = readFileSync(new URL('PROTOCOL.md', root), 'utf8')
    const numbered = text.matchAll(/^- (\d+\.\d+) (.*?)(?=^- \d+\.\d+ |^## |^\n|$(?![^]))/gms)
    const items = new Map([...numbered].map(([, id = '', item = '']) => [id, item.replaceAll(/\s+/g, ' ')]))
    const musts = [...items].flatMap(([id, item]) => (/\bMUST\b/.test(item) ? [id] : []))
    expect(protocolPromises.map(({ id }) => id)).toEqual(musts)
    const changed = protocolPromises.filter(({ id, text: quoted }) =>
      quoted.split(/(?<=[.:]) (?=[A-Z`*])/).some((sentence) => !items.get(id)?.includes(sentence)),
    )
    expect(changed).toEqual([])
  })
})

describe('the reader of citations', () => {
  test('takes the names of tests, however they are made', () => {
    const source = [
      "test('C1 plain', () => {})",
      'test.each([1, 2])("C2 %s each", () => {})',
      'test.skipIf(windows)(',
      "  'C3 on a line of its own',",
      'describe(`[1.1] ${transport}`, () => {})',
      'test("C4 the reader\'s [1.2]", () => {})',
    ]
    expect(namesOf(source.join('\n'))).toEqual([
      'C1 plain',
      'C2 %s each',
      'C3 on a line of its own',
      '[1.1] ${transport}',
      "C4 the reader's [1.2]",
    ])
  })

  test('takes neither remarks, nor what tests do, nor tests that do not run', () => {
    const source = [
      "// test('C1 in a remark', () => {})",
      "expect(codes).toContain('C2')",
      "test.skip('C3 skipped', () => {})",
      "test.todo('C4 to do')",
      "const said = 'C5'",
    ]
    expect(namesOf(source.join('\n')).filter((name) => /C\d/.test(name))).toEqual([])
  })

  test('does not take one number for another', () => {
    expect(cites('C10 [2.10] a name', 'C1')).toBe(false)
    expect(cites('C10 [2.10] a name', 'C10')).toBe(true)
    expect(cites('C10 [2.10] a name', '2.1')).toBe(false)
    expect(cites('C10 [2.10] a name', '2.10')).toBe(true)
  })
})
