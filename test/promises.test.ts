import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { capabilities, later, protocolPromises } from './promises.ts'

const root = new URL('../', import.meta.url)

/** All tests without their comments: a promise is cited by a name, not by a remark. */
const tests = ['test/', 'src/']
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.test\.tsx?$/.test(path) && path !== 'promises.test.ts')
      .map((path) => readFileSync(new URL(folder + path, root), 'utf8')),
  )
  .join('\n')
  .replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')

const cited = (id: string) =>
  id.startsWith('C') ? new RegExp(`\\b${id}\\b`).test(tests) : tests.includes(`[${id}]`)

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
