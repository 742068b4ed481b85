// Least squares, by relative deviations: a curve over three powers of ten is to fit at both ends.

export interface Fit {
  readonly factors: readonly number[]
  /** The largest relative deviation of a point from the model. */
  readonly farthest: number
}

export interface Sample {
  readonly x: number
  readonly y: number
}

/**
 * The factors f of `f[0] * terms[0](x) + f[1] * terms[1](x)` that fit best, none below 0 (no cost is); undefined when there
 * are fewer samples than that takes.
 */
export function fitted(
  samples: readonly Sample[],
  terms: readonly ((x: number) => number)[],
): Fit | undefined {
  const [first, second, ...more] = terms
  if (!first || !second || more.length > 0) throw new Error('a model of two terms')
  if (samples.length < 2) return undefined
  const best = [bothTerms(samples, first, second), oneTerm(samples, first, 0), oneTerm(samples, second, 1)]
    .filter((factors) => factors.every((factor) => factor >= 0))
    .map((factors) => ({ factors, off: deviations(samples, terms, factors) }))
    .sort((a, b) => squares(a.off) - squares(b.off))[0]
  return best && { factors: best.factors, farthest: Math.max(...best.off.map(Math.abs)) }
}

type Term = (x: number) => number

/** Each sample divided by its y: a model that were true would give 1 everywhere. */
function bothTerms(samples: readonly Sample[], first: Term, second: Term): readonly number[] {
  let [aa, ab, bb, a, b] = [0, 0, 0, 0, 0]
  for (const { x, y } of samples) {
    const [u, v] = [first(x) / y, second(x) / y]
    aa += u * u
    ab += u * v
    bb += v * v
    a += u
    b += v
  }
  const determinant = aa * bb - ab * ab
  return [(a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant]
}

function oneTerm(samples: readonly Sample[], term: Term, at: 0 | 1): readonly number[] {
  let [square, sum] = [0, 0]
  for (const { x, y } of samples) {
    square += (term(x) / y) ** 2
    sum += term(x) / y
  }
  return at === 0 ? [sum / square, 0] : [0, sum / square]
}

function deviations(
  samples: readonly Sample[],
  terms: readonly Term[],
  factors: readonly number[],
): readonly number[] {
  return samples.map(
    ({ x, y }) => terms.reduce((sum, term, i) => sum + term(x) * (factors[i] ?? 0), 0) / y - 1,
  )
}

const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0)
