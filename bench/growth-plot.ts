// The curves as a drawing, in light and dark: both axes logarithmic, one panel for each.
import type { Curve, Series } from './growth.ts'
import { short } from './report.ts'

const panel = { width: 300, height: 210, left: 52, right: 12, top: 52, bottom: 34 }
const columns = 3
const margin = 16
const head = 58

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const at = (value: number) => value.toFixed(1)
const kindOf = (contestant: string) => contestant.replace('own-', '')

interface Scale {
  readonly low: number
  readonly high: number
}

/** From a power of ten to a power of ten. */
function scaleOf(values: readonly number[]): Scale {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values)))
  return { low, high: high > low ? high : low * 10 }
}

const share = (value: number, { low, high }: Scale) => Math.log(value / low) / Math.log(high / low)

function powers({ low, high }: Scale): readonly number[] {
  const count = Math.round(Math.log10(high / low))
  return Array.from({ length: count + 1 }, (_, i) => low * 10 ** i)
}

function named(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1_000 ? `${value / 1_000}k` : String(Number(value.toPrecision(2)))
}

function drawnPanel(series: Series, curves: readonly Curve[]): string {
  const along = scaleOf(series.values)
  const up = scaleOf(curves.flatMap(({ points }) => points.flatMap(({ is }) => [is.low, is.high])))
  const inner = {
    width: panel.width - panel.left - panel.right,
    height: panel.height - panel.top - panel.bottom,
  }
  const x = (value: number) => at(panel.left + inner.width * share(value, along))
  const y = (value: number) => at(panel.top + inner.height * (1 - share(value, up)))
  const bottom = panel.height - panel.bottom
  const grid = [
    ...powers(along).map(
      (value) =>
        `<path class="tick" d="M${x(value)} ${panel.top}V${bottom}"/><text class="scale" x="${x(value)}" y="${bottom + 14}">${named(value)}</text>`,
    ),
    ...powers(up).map(
      (value) =>
        `<path class="tick" d="M${panel.left} ${y(value)}H${panel.width - panel.right}"/><text class="scale up" x="${panel.left - 6}" y="${y(value)}" dy="3.5">${named(value)}</text>`,
    ),
  ]
  const drawn = curves.map(({ contestant, points }) => {
    const line = points.map(({ value, is }) => `${x(value)} ${y(is.median)}`).join('L')
    const dots = points.map(
      ({ value, is }) =>
        `<circle cx="${x(value)}" cy="${y(is.median)}" r="2.6"><title>${kindOf(contestant)}, ${named(value)} ${series.along}: ${short(is.median)}</title></circle>`,
    )
    return `<g class="${kindOf(contestant)}"><path d="M${line}"/>${dots.join('')}</g>`
  })
  return [
    `<text class="title" x="0" y="14">${escaped(series.of)}</text>`,
    `<text class="note" x="0" y="30">by ${escaped(series.along)}</text>`,
    ...grid,
    ...drawn,
  ].join('\n')
}

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .note { fill: #59636e; font-size: 11px }
  .scale { text-anchor: middle; font-size: 10px; fill: #59636e }
  .up { text-anchor: end }
  .tick { stroke: #d8dee4; fill: none }
  g path { fill: none; stroke-width: 2 }
  .ws path { stroke: #0b57d0 } .ws circle, .ws rect { fill: #0b57d0 }
  .sse path { stroke: #137333 } .sse circle, .sse rect { fill: #137333 }
  .limit-ws path { stroke: #80868b; stroke-dasharray: 4 3 } .limit-ws circle, .limit-ws rect { fill: #80868b }
  g path.tick { stroke-width: 1 }
  .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note, .scale { fill: #9aa5b1 }
    .tick { stroke: #30363d }
    .ws path { stroke: #8ab4f8 } .ws circle, .ws rect { fill: #8ab4f8 }
    .sse path { stroke: #81c995 } .sse circle, .sse rect { fill: #81c995 }
    .paper { fill: #0d1117 }
  }`

const legend = [
  ['ws', 'WebSocket'],
  ['sse', 'Server-Sent Events'],
  ['limit-ws', 'a C server that only writes'],
] as const

/** An SVG that stands alone. */
export function growthPlot(curves: readonly Curve[]): string {
  const all = [...new Set(curves.map(({ series }) => series))]
  const rows = Math.ceil(all.length / columns)
  const width = 2 * margin + columns * panel.width
  const height = 2 * margin + head + rows * panel.height
  const panels = all.map((series, i) => {
    const x = margin + (i % columns) * panel.width
    const y = margin + head + Math.floor(i / columns) * panel.height
    const own = curves.filter((curve) => curve.series === series)
    return `<g transform="translate(${x} ${y})">\n${drawnPanel(series, own)}\n</g>`
  })
  const keys = legend.map(
    ([kind, text], i) =>
      `<g class="${kind}" transform="translate(${margin + i * 150} ${margin + 22})"><rect width="14" height="4" y="6" rx="2"/><text x="20" y="12">${text}</text></g>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>How the cost grows</title>
<style>${style}
</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="${margin}" y="${margin + 10}">How the cost grows. Both axes are logarithmic.</text>
${keys.join('\n')}
${panels.join('\n')}
</svg>
`
}
