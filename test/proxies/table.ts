type Cell = string | number | undefined

/** A table of text, its columns as wide as they must be; what is undefined stays empty. */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const all = [heads, ...rows].map((row) => row.map((cell) => String(cell ?? '')))
  const widths = heads.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
