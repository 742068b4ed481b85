import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { entries } from '../../src/doctor/findings.ts'
import { readPage } from '../docs/markdown.ts'

const text = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8')
const page = readPage(text)

/** The part of the page below a heading. */
function below(heading: string): string {
  const [, rest = ''] = text.split(`\n### ${heading}\n`)
  return (rest.split(/\n##+ /)[0] ?? '').replaceAll(/\s+/g, ' ')
}

test.each(Object.entries(entries))(
  '%s is documented, in its own words',
  (code, { title, users, sdk, mend, severity }) => {
    expect(page.anchors).toContain(code)
    const section = below(code)
    const said = [title, severity, users, sdk, ...mend.flatMap(({ lines }) => lines)]
    expect(said.filter((each) => !section.includes(each.replaceAll(/\s+/g, ' ')))).toEqual([])
  },
)

test('no code is documented that does not exist', () => {
  const [, findings = ''] = text.split('\n## Findings\n')
  const documented = [...findings.matchAll(/^### (.+)$/gm)].map(([, code]) => code)
  expect(documented).toEqual(Object.keys(entries))
})
