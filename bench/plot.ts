// A drawing of the fan-out works: CPU per delivery as a multiple of the C limit of the same round.
import { limitOf } from './report.ts'
import type { Results, Spread } from './results.ts'
import type { Work } from './works.ts'

const panel = { width: 470, label: 84, value: 44, row: 17, head: 44, foot: 14, gap: 20 }
const lowest = 0.7
const ticks = [1, 2, 4, 8, 16, 32]
const margin = 16

interface Row {
  readonly name: string
  readonly ratio: Spread
}

function rowsOf(results: Results, work: Work): readonly Row[] {
  return results
    .contestants(work)
    .flatMap((name) => {
      const ratio = name.startsWith('limit-') ? undefined : results.ratio(work, name, limitOf(name), 'cpuUs')
      return ratio ? [{ name, ratio }] : []
    })
    .sort((a, b) => a.ratio.median - b.ratio.median)
}

/** Logarithmic, so that twice as dear is as far from 1 as from 2; `most` is the last tick of the panel. */
function place(value: number, most: number): number {
  const width = panel.width - panel.label - panel.value
  const within = Math.min(Math.max(value, lowest), most)
  return panel.label + (width * Math.log(within / lowest)) / Math.log(most / lowest)
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const at = (value: number) => value.toFixed(1)

function drawnRow({ name, ratio }: Row, y: number, most: number): string {
  const ours = /^(own|serve)-/.test(name) ? ' ours' : name.startsWith('node-') ? ' floor' : ''
  const middle = y + panel.row / 2
  const end = place(ratio.median, most)
  const text = ratio.median < 10 ? ratio.median.toFixed(2) : ratio.median.toFixed(1)
  return [
    `<text class="name${ours}" x="${panel.label - 8}" y="${at(middle + 4)}">${escaped(name)}</text>`,
    `<rect class="bar${ours}" x="${panel.label}" y="${at(y + 3)}" width="${at(Math.max(1, end - panel.label))}" height="${panel.row - 6}" rx="2"/>`,
    `<path class="spread" d="M${at(place(ratio.low, most))} ${at(middle)}H${at(place(ratio.high, most))}"/>`,
    `<text class="value${ours}" x="${at(Math.max(end, place(ratio.high, most)) + 6)}" y="${at(middle + 4)}">${text}</text>`,
  ].join('')
}

const heightOf = (rows: number) => panel.head + rows * panel.row + panel.foot

function drawnPanel(work: Work, rows: readonly Row[]): string {
  const bottom = heightOf(rows.length) - panel.foot
  const dearest = Math.max(...rows.map(({ ratio }) => ratio.high))
  const most = ticks.find((tick) => tick >= dearest) ?? 32
  const grid = ticks
    .filter((tick) => tick <= most)
    .map((tick) => {
      const x = at(place(tick, most))
      const one = tick === 1 ? ' one' : ''
      return `<path class="tick${one}" d="M${x} ${panel.head - 6}V${bottom}"/><text class="scale" x="${x}" y="${panel.head - 10}">${tick}</text>`
    })
  return [
    `<text class="title" x="0" y="14">${escaped(`${work.name}: ${work.title}`)}</text>`,
    ...grid,
    ...rows.map((row, i) => drawnRow(row, panel.head + i * panel.row, most)),
  ].join('\n')
}

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 13px }
  .note { fill: #59636e }
  .name { text-anchor: end; fill: #59636e }
  .scale { text-anchor: middle; font-size: 10px; fill: #59636e }
  .value { font-size: 11px; fill: #59636e; paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
  text.ours { font-weight: 600; fill: #0b57d0 }
  .bar { fill: #b6bec8 }
  .bar.ours { fill: #4285f4 }
  .bar.floor { fill: none; stroke: #80868b; stroke-dasharray: 3 2 }
  text.floor { font-style: italic }
  .tick { stroke: #d8dee4; fill: none }
  .tick.one { stroke: #59636e; stroke-dasharray: 3 3 }
  .spread { stroke: #1f2328; stroke-width: 1.5; fill: none }
  .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note, .name, .scale, .value { fill: #9aa5b1 }
    .value { stroke: #0d1117 }
    text.ours { fill: #8ab4f8 }
    .bar { fill: #444c56 }
    .bar.ours { fill: #3b6fc4 }
    .tick { stroke: #30363d }
    .tick.one { stroke: #9aa5b1 }
    .spread { stroke: #e6edf3 }
    .paper { fill: #0d1117 }
  }`

/** An SVG that stands alone, in light and dark; undefined when no work has a limit to compare with. */
export function plot(results: Results, works: readonly Work[]): string | undefined {
  const panels = works
    .filter(({ kind, takes }) => kind === 'fan-out' && !takes)
    .map((work) => ({ work, rows: rowsOf(results, work) }))
    .filter(({ rows }) => rows.length > 0)
  if (panels.length === 0) return undefined
  const columns = Math.min(2, panels.length)
  const tallest = Math.max(...panels.map(({ rows }) => heightOf(rows.length)))
  const width = 2 * margin + columns * panel.width + (columns - 1) * panel.gap
  const top = 46
  const height = 2 * margin + top + Math.ceil(panels.length / columns) * tallest
  const drawn = panels.map(({ work, rows }, i) => {
    const x = margin + (i % columns) * (panel.width + panel.gap)
    const y = margin + top + Math.floor(i / columns) * tallest
    return `<g transform="translate(${x} ${y})">\n${drawnPanel(work, rows)}\n</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>CPU per delivery as a multiple of a C server that only writes</title>
<style>${style}
</style>
<rect class="paper" width="${width}" height="${height}"/>
<text x="${margin}" y="${margin + 10}">CPU per delivery, as a multiple of a C server that only writes. Lower is better.</text>
<text class="note" x="${margin}" y="${margin + 26}">Medians; lines reach from the lowest to the highest round. Dashed: what Node alone costs, no product.</text>
${drawn.join('\n')}
</svg>
`
}
