/** The one of `known` that `typed` was probably meant to be; undefined when none is near. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  const word = typed.toLowerCase()
  let best: string | undefined
  // A third of the word may be wrong, one letter always.
  let distance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const d = candidate.startsWith(word) && word.length > 1 ? 1 : editDistance(word, candidate)
    if (d < distance) [best, distance] = [candidate, d]
  }
  return best
}

/** Letters to insert, delete, change or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) best = Math.min(best, (before[j - 2] ?? 0) + 1)
      row.push(best)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}
