import type { Finding, FindingCode } from '../findings.ts'
import type { Measurements } from '../measurements.ts'
import { places, whole } from '../report.ts'
import { rowsOf } from '../table.ts'
import { judge, transports, type Verdict } from '../verdict.ts'
import { capital, duration } from '../words.ts'
import { byId, element, marked } from './element.ts'

/** Shows what is known so far; `final`: nothing more will come. */
export function show(so: Measurements, final: boolean): Verdict {
  const verdict = judge(so)
  if (final || so.posts !== undefined) {
    document.body.dataset['level'] = verdict.level
    byId('sentence', HTMLElement).textContent = verdict.sentence
    showFindings(verdict)
  }
  showTiles(so, verdict)
  const rows = rowsOf(so).map(({ what, result }) =>
    element('tr', {}, element('th', { scope: 'row' }, what), element('td', {}, result)),
  )
  byId('rows', HTMLElement).replaceChildren(element('tbody', {}, ...rows))
  byId('measured', HTMLElement).hidden = rows.length === 0
  return verdict
}

/** Forgets what was shown. */
export function clear(): void {
  delete document.body.dataset['level']
  byId('sentence', HTMLElement).textContent = 'Examining ...'
  byId('measured', HTMLElement).hidden = true
  showFindings(undefined)
}

const short: Partial<Readonly<Record<FindingCode, string>>> = {
  'upgrade-stripped': 'Stripped',
  'upgrade-refused': 'Refused',
  'websocket-swallowed': 'Swallowed',
  'websocket-cut': 'Cut',
  'sse-buffered': 'Held back',
  'compression-held': 'Held back',
  'sse-blocked': 'Blocked',
  'sse-lost': 'Cut',
  'poll-blocked': 'Blocked',
}

function showTiles(so: Measurements, { findings, transport }: Verdict): void {
  const decided = so.poll !== undefined
  const tiles = transports.map(({ name, text, works, measured, codes }) => {
    const is = !measured(so)
      ? so.reach.kind === 'everwire'
        ? 'waits'
        : 'unknown'
      : works(so)
        ? 'works'
        : 'fails'
    const code = findings.find((each) => codes.some((own) => own === each.code))?.code
    const failed = (code && short[code]) ?? 'Fails'
    const how = { waits: '...', unknown: 'Unknown', works: 'Works', fails: failed }[is]
    const chosen = decided && transport === name ? [element('em', {}, "SDK's choice")] : []
    return element(
      'li',
      { class: 'tile', 'data-transport': name, 'data-is': is },
      element('p', {}, capital(text), ...chosen),
      element('p', { class: 'how' }, how),
      element('small', {}, is === 'works' ? figure(so, name) : ''),
    )
  })
  byId('tiles', HTMLElement).replaceChildren(...tiles)
}

function figure({ socket, stream, reach }: Measurements, name: 'websocket' | 'sse' | 'poll'): string {
  if (name === 'websocket') return socket?.kind === 'works' ? `echo in ${duration(socket.echoMs.p50)}` : ''
  if (name === 'sse') return stream?.kind === 'delivered' ? `first event in ${duration(stream.firstMs)}` : ''
  return reach.kind === 'everwire' ? `round trip ${duration(reach.roundTripMs)}` : ''
}

let shown = ''

function showFindings(verdict: Verdict | undefined): void {
  const { findings = [] } = verdict ?? {}
  const key = JSON.stringify(findings)
  // What somebody has unfolded stays so.
  if (key === shown) return
  shown = key
  const title = findings.length > 0 ? [element('h2', {}, 'Found')] : []
  const cards = findings.map((each, i) => findingCard(each, i === 0))
  const text = verdict && whole(verdict)
  const hint = text === undefined ? [] : [element('p', { class: 'soft hint' }, ...marked(text))]
  byId('findings', HTMLElement).replaceChildren(...title, ...cards, ...hint)
}

function findingCard(
  { code, severity, title, seen, users, sdk, mend }: Finding,
  first: boolean,
): HTMLElement {
  const fixes = mend.flatMap(({ where, lines }) => [
    element('h4', {}, `In ${places[where]}`),
    element('pre', {}, lines.join('\n')),
  ])
  const open = first && severity === 'problem' ? { open: '' } : {}
  return element(
    'article',
    { class: 'finding', 'data-severity': severity, 'data-code': code },
    element(
      'header',
      {},
      element('h3', {}, ...marked(title)),
      element('span', {}, severity),
      element('code', {}, code),
    ),
    element('p', {}, ...marked(seen)),
    element(
      'dl',
      {},
      element('dt', {}, 'For users'),
      element('dd', {}, ...marked(users)),
      element('dt', {}, 'The SDK'),
      element('dd', {}, ...marked(sdk)),
    ),
    ...(fixes.length > 0
      ? [element('details', open, element('summary', {}, 'How to mend it'), ...fixes)]
      : []),
  )
}
