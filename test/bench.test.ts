import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contestants, type Contestant } from '../bench/contestants.ts'
import { document } from '../bench/docs.ts'
import { fitted } from '../bench/fit.ts'
import { parts, shares } from '../bench/parts.ts'
import { plot } from '../bench/plot.ts'
import { markdown, verdict } from '../bench/report.ts'
import { Results, spreadOf, type Spread } from '../bench/results.ts'
import { run, stepsOf } from '../bench/rounds.ts'
import { works, type Work } from '../bench/works.ts'

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (!found) throw new Error(`there is no ${name}`)
  return found
}

const work: Work = named(works, 'b8')
const contestant = (name: string): Contestant => named(contestants, name)
const about = { command: 'npm run bench', machine: [], versions: [], notes: [], seconds: 1 }

function spread(...values: number[]): Spread {
  const found = spreadOf(values)
  if (!found) throw new Error('no values')
  return found
}

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
    expect(text).toContain('| b8 | own-ws | CPU µs/delivery <= 1.25 x limit-ws | 1.20 | yes | 1.20 | - |')
    expect(text).toContain('| **own-ws** | 2.40 [1.20-4.80] |')
  })

  test('says what is not met', () => {
    const text = markdown(measured({ 'limit-ws': [1], 'own-ws': [1.3] }), [work], contestants, about)
    expect(text).toContain('| b8 | own-ws | CPU µs/delivery <= 1.25 x limit-ws | 1.30 | **no** | 1.30 | - |')
  })

  test('a miss within the interval is none, and one by all rounds is', () => {
    const one = { ours: [], figure: 'cpuUs', atMost: 1.25 } as const
    const judged = (...values: number[]) => verdict(one, spread(...values))
    expect(judged(1.2, 1.25, 1.4)).toBe('yes')
    expect(judged(1.25, 1.3, 1.3)).toBe('within the interval')
    expect(judged(1.26, 1.3, 1.3)).toBe('no')
    const least = { ours: [], figure: 'perSecond', atLeast: 0.7 } as const
    expect(verdict(least, spread(0.6, 0.69, 0.7))).toBe('within the interval')
    expect(verdict(least, spread(0.6, 0.65, 0.69))).toBe('no')
  })

  test('says how sure the interval is, and that few rounds make no verdict', () => {
    const text = (rounds: number) => {
      const ones = Array.from({ length: rounds }, () => 1)
      return markdown(measured({ 'limit-ws': ones, 'own-ws': ones }), [work], contestants, about)
    }
    expect(text(7)).toContain('98.4 %')
    expect(text(7)).not.toContain('a hint')
    expect(text(3)).toContain('75.0 %')
    expect(text(3)).toContain('A verdict takes 7 rounds, and some rows have 3')
  })

  test('shows ours beside what Node itself costs', () => {
    const text = markdown(measured({ 'node-ws': [2, 3], 'own-ws': [3, 4.5] }), [work], contestants, about)
    expect(text).toMatch(/\| \*\*own-ws\*\* \|.*\| 1\.50 \|$/m)
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

describe('a run', () => {
  const setting = { machine: ['this one'], versions: ['Everwire 1', 'Node 2'] }
  const entered = ['limit-ws', 'own-ws', 'ws-hand'].map(contestant)
  const steps = stepsOf(5, [work], entered)
  const figures = { cpuUs: 1, tookMs: 2_000 }

  /** One that is ended while it makes its `last` measurement; gives what was saved, said and measured. */
  async function ran(results: Results, last = Infinity) {
    const outcome = { saved: '', said: [] as string[], measured: [] as string[] }
    await run(steps, results, {
      measure: async ({ name }) => {
        outcome.measured.push(name)
        if (outcome.measured.length === last) throw new Error('it was killed')
        return figures
      },
      save: () => (outcome.saved = results.saved(setting)),
      say: (text) => outcome.said.push(text),
      ended: () => outcome.measured.length >= last,
    })
    return outcome
  }

  test('measures whom no target names three times, and the others in every round', () => {
    const rounds = (name: string) => steps.filter(({ contestant }) => contestant.name === name).length
    expect(['limit-ws', 'own-ws', 'ws-hand'].map(rounds)).toEqual([5, 5, 3])
  })

  test('that was ended goes on where it was, and measures nothing twice', async () => {
    const cut = new Results()
    const first = await ran(cut, 6)
    // What it was measuring when it was ended has not failed.
    expect(cut.failures).toEqual([])
    const results = Results.from(first.saved, setting)
    expect(results.all).toHaveLength(5)
    const second = await ran(results)
    expect(second.measured).toHaveLength(steps.length - 5)
    const done = Results.from(second.saved, setting)
    expect(done.failures).toEqual([])
    expect(done.all.map(({ contestant, round }) => `${round} ${contestant}`)).toEqual(
      steps.map(({ contestant, round }) => `${round} ${contestant.name}`),
    )
  })

  test('goes on with no other code, and on no other machine', async () => {
    const { saved } = await ran(new Results())
    expect(() => Results.from(saved, { ...setting, versions: ['Everwire 1', 'Node 3'] })).toThrow('Node 3')
    expect(() => Results.from(saved, { ...setting, machine: ['that one'] })).toThrow('that one')
  })

  test('says what is left, by what it took so far', async () => {
    const { said } = await ran(new Results())
    expect(said[0]).toBe(`${steps.length} of ${steps.length} measurements, 0:32`)
    expect(said.at(-2)).toBe('5/5 b8 limit-ws cpuUs 1, p50Us undefined, p99Us undefined (0:02 left)')
  })
})

test('a profile is shared out by parts, without what was idle', () => {
  const frames = [
    ['(idle)', ''],
    ['writev', ''],
    ['take', 'file:///tree/src/hub/reader.ts'],
    ['frame', 'file:///tree/src/server/formats/ws.ts'],
    ['publish', 'file:///tree/bench/servers/own.ts'],
    ['emit', 'node:events'],
    ['(garbage collector)', ''],
    ['get', ''],
  ] as const
  const nodes = frames.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } }))
  const found = shares({ nodes, samples: [0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7] })
  expect(Object.fromEntries(found)).toEqual({
    'kernel write': 0.3,
    'our hub': 0.2,
    'our formats': 0.1,
    'the program that publishes': 0.1,
    'net, streams and timers of Node': 0.1,
    'garbage collector': 0.1,
    'built-in functions: hashing, closing, maps, JSON': 0.1,
  })
  expect(parts).toEqual(expect.arrayContaining([...found.keys()]))
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
