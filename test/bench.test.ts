import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contestants, type Contestant } from '../bench/contestants.ts'
import { document } from '../bench/docs.ts'
import { plot } from '../bench/plot.ts'
import { markdown } from '../bench/report.ts'
import { Results } from '../bench/results.ts'
import { works, type Work } from '../bench/works.ts'

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (!found) throw new Error(`there is no ${name}`)
  return found
}

const work: Work = named(works, 'b8')
const contestant = (name: string): Contestant => named(contestants, name)
const about = { machine: [], versions: [], notes: [], seconds: 1 }

/** Rounds of CPU time per delivery. */
function measured(rounds: Readonly<Record<string, readonly number[]>>): Results {
  const results = new Results()
  for (const [name, values] of Object.entries(rounds)) {
    values.forEach((cpuUs, i) =>
      results.add(work, contestant(name), i + 1, { cpuUs, loadBusy: 0.5, serverCores: 0.9 }),
    )
  }
  return results
}

describe('the report of the bench', () => {
  test('judges by the ratio within a round, so that a machine that drifts changes nothing', () => {
    const text = markdown(
      measured({ 'limit-ws': [1, 2, 4], 'own-ws': [1.2, 2.4, 4.8] }),
      [work],
      contestants,
      about,
    )
    expect(text).toContain('| b8 | own-ws | CPU µs/delivery <= 1.25 x limit-ws | 1.20 | yes |')
    expect(text).toContain('| **own-ws** | 2.40 [1.20-4.80] |')
  })

  test('says what is not met', () => {
    const text = markdown(measured({ 'limit-ws': [1], 'own-ws': [1.3] }), [work], contestants, about)
    expect(text).toContain('| b8 | own-ws | CPU µs/delivery <= 1.25 x limit-ws | 1.30 | **no** |')
  })

  test('has no figure for what has failed, and says why', () => {
    const results = measured({ 'limit-ws': [1] })
    results.fail(work, contestant('own-ws'), 1, 'lost 3')
    const text = markdown(results, [work], contestants, about)
    expect(text).toContain('- b8 own-ws, round 1: lost 3')
    expect(text).not.toContain('| **own-ws** |')
  })

  test('warns when the generator was the bottleneck', () => {
    const results = new Results()
    results.add(work, contestant('own-ws'), 1, { cpuUs: 1, loadBusy: 0.99, serverCores: 0.6 })
    expect(markdown(results, [work], contestants, about)).toContain(
      'own-ws: the generator was the bottleneck',
    )
  })

  test('takes the place of an earlier one in the documentation, and leaves the rest', () => {
    const folder = mkdtempSync(join(tmpdir(), 'everwire-bench-docs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'performance.md'), '# Performance\n\nwords\n\n<!-- bench: below -->\n\nold\n')
    const text = markdown(measured({ 'limit-ws': [1] }), [work], contestants, about)
    document(folder, 'first', undefined)
    document(folder, text, '<svg/>')
    const page = readFileSync(join(folder, 'performance.md'), 'utf8')
    expect(page).toMatch(/^# Performance\n\nwords\n\n<!-- bench: below -->\n\n## Results\n\n!\[/)
    expect(page).toContain('\n### b8: ')
    expect(page).not.toMatch(/first|old|^## b8/m)
    expect(readFileSync(join(folder, 'assets', 'bench.svg'), 'utf8')).toBe('<svg/>')
  })

  test('draws every server but the limit', () => {
    const drawing = plot(measured({ 'limit-ws': [1], 'own-ws': [1.2], 'bun-ws': [1.1] }), [work])
    expect(drawing).toContain('>own-ws</text>')
    expect(drawing).toContain('>bun-ws</text>')
    expect(drawing).not.toContain('>limit-ws</text>')
  })
})

test('a target names servers that its work measures', () => {
  const taking = (one: Work) =>
    one.takes ?? contestants.filter(({ special }) => !special).map(({ name }) => name)
  const absent = works.flatMap((one) =>
    one.targets.flatMap(({ ours, of, ofWork }) => {
      const beside = ofWork ? named(works, ofWork) : one
      const wrong = of !== undefined && !taking(beside).includes(of) ? [of] : []
      return [...wrong, ...(ours.some((name) => taking(one).includes(name)) ? [] : ours)]
    }),
  )
  expect(absent).toEqual([])
})
