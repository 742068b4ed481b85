import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contestants, type Contestant } from '../bench/contestants.ts'
import { document } from '../bench/docs.ts'
import { fitted } from '../bench/fit.ts'
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
    const path = join(folder, 'performance.md')
    writeFileSync(path, '# Performance\n\nwords\n\n<!-- growth: a -->\n\nold\n\n<!-- bench: b -->\n\nold\n')
    const drawing = { file: 'one.svg', alt: 'One', svg: '<svg/>' }
    document(folder, { mark: 'bench', title: 'Results', text: 'first', drawing: undefined })
    document(folder, { mark: 'bench', title: 'Results', text: 'second\n', drawing })
    document(folder, { mark: 'growth', title: 'Growth', text: 'third\n', drawing: undefined })
    expect(readFileSync(path, 'utf8')).toBe(
      '# Performance\n\nwords\n\n<!-- growth: a -->\n\n## Growth\n\nthird\n\n' +
        '<!-- bench: b -->\n\n## Results\n\n![One](assets/one.svg)\n\nsecond\n',
    )
    expect(readFileSync(join(folder, 'assets', 'one.svg'), 'utf8')).toBe('<svg/>')
  })

  test('draws every server but the limit', () => {
    const drawing = plot(measured({ 'limit-ws': [1], 'own-ws': [1.2], 'bun-ws': [1.1] }), [work])
    expect(drawing).toContain('>own-ws</text>')
    expect(drawing).toContain('>bun-ws</text>')
    expect(drawing).not.toContain('>limit-ws</text>')
  })
})

describe('the model of how the cost grows', () => {
  const terms = [() => 1, (x: number) => x]

  test('finds the factors of what follows it, over powers of ten', () => {
    const fit = fitted(
      [10, 100, 1_000, 10_000].map((x) => ({ x, y: 20 + 3 * x })),
      terms,
    )
    expect(fit?.factors[0]).toBeCloseTo(20)
    expect(fit?.factors[1]).toBeCloseTo(3)
    expect(fit?.farthest).toBeCloseTo(0)
  })

  test('says how far it is from what does not', () => {
    const fit = fitted(
      [10, 100, 1_000].map((x) => ({ x, y: x * (x === 100 ? 2 : 1) })),
      terms,
    )
    expect(fit?.farthest).toBeGreaterThan(0.3)
  })

  test('gives no cost below nothing', () => {
    const fit = fitted(
      [1, 2, 4].map((x) => ({ x, y: x * x })),
      terms,
    )
    expect(Math.min(...(fit?.factors ?? [-1]))).toBe(0)
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
