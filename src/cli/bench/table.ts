import type { Terminal } from '../terminal.ts'
import type { Result, Spread, TransportResult } from './measured.ts'

type Style = Terminal['style']

const labelWidth = 13
const cellWidth = 9

/** A result as people read it, in at most 80 columns. */
export function tableOf(result: Result, style: Style): string {
  return [
    ...messagesOf(result, style),
    '',
    ...timesOf(result, style),
    '',
    ...bytesOf(result, style),
    '',
    ...factsOf(result, style),
    ...(result.warnings.length > 0 ? [''] : []),
    ...result.warnings.flatMap((warning) => {
      const [first = '', ...more] = wrapped(`warning: ${warning}`, 2)
      return [first, ...more.map((line) => `  ${line}`)].map((line) => style('yellow', line))
    }),
    '',
    verdictOf(result, style),
  ].join('\n')
}

function messagesOf({ messages }: Result, style: Style): string[] {
  const { published, acknowledged, expected, delivered, lost, doubled, disordered, gaps } = messages
  const bad = (n: number) => (n === 0 ? count(n) : style('red', count(n)))
  const { asked, refused, unknown, away, told, acknowledgedMs } = messages
  const rows: Row[] = [
    {
      label: 'published',
      value: count(published),
      ...(asked > published && { remark: `of ${count(asked)} asked for` }),
    },
    {
      label: 'acknowledged',
      value: count(acknowledged),
      ...(acknowledgedMs && { remark: spreadText(acknowledgedMs) }),
    },
    ...some(refused, { label: 'refused', value: count(refused) }),
    ...some(unknown, { label: 'unanswered', value: count(unknown), remark: 'published or not: nobody said' }),
    {
      label: 'expected',
      value: count(expected),
      remark: 'deliveries: one for each of its subscribers',
    },
    { label: 'delivered', value: count(delivered) },
    ...some(away, {
      label: 'owed',
      value: count(away),
      remark: 'to subscribers that were not there at the end',
    }),
    { label: 'lost', value: bad(lost) },
    { label: 'doubled', value: bad(doubled) },
    { label: 'out of order', value: bad(disordered) },
    {
      label: 'gaps told',
      value: count(gaps),
      ...(told > 0 && { remark: `${count(told)} deliveries are in them` }),
    },
  ]
  const width = Math.max(...rows.map(({ value }) => plainLength(value)))
  return rows.map(({ label, value, remark }) => {
    const cell = `${label.padEnd(labelWidth)}${' '.repeat(width - plainLength(value))}${value}`
    return remark === undefined ? cell : `${cell}  ${style('dim', remark)}`
  })
}

interface Row {
  readonly label: string
  readonly value: string
  readonly remark?: string
}

/** A row that is shown only when there is something to show. */
function some(n: number, row: Row): readonly Row[] {
  return n > 0 ? [row] : []
}

function timesOf({ transports }: Result, style: Style): string[] {
  const cells = (spread: Spread | null) =>
    spread ? [ms(spread.p50), ms(spread.p99), ms(spread.max)] : ['-', '-', '-']
  return [
    style(
      'dim',
      `${''.padEnd(labelWidth + cellWidth)}${group('connect, ms')}   ${group('delivery, ms')}`.trimEnd(),
    ),
    style('dim', row('', ['clients', 'p50', 'p99', 'max'], ['p50', 'p99', 'max'])),
    ...Object.entries(transports).map(([name, { clients, connectMs, deliveryMs }]) =>
      row(name, [count(clients), ...cells(connectMs)], cells(deliveryMs)),
    ),
  ]
}

function bytesOf({ transports }: Result, style: Style): string[] {
  const line = (name: string, { bytesPerMessage: bytes }: TransportResult) => {
    if (!bytes) return row(name, ['-', '-', '-', '-'], ['-'])
    const { received, payload, envelope, framing, sent } = bytes
    return row(name, [received, payload, envelope, framing].map(whole), [whole(sent)])
  }
  return [
    style('dim', row('bytes/message', ['received', 'payload', 'envelope', 'framing'], ['sent'])),
    ...Object.entries(transports).map(([name, transport]) => line(name, transport)),
  ]
}

function factsOf(result: Result, style: Style): string[] {
  const { reconnects, server, bench, seed } = result
  const { cut, ended, recovered, recoveredMs, caughtUp } = reconnects
  const facts: [string, string][] = []
  if (cut + ended > 0)
    facts.push(
      ['dropped', `${count(cut)} cut by this bench, ${count(ended)} ended by others`],
      [
        'recovered',
        `${count(recovered)}${recoveredMs ? `, ${spreadText(recoveredMs)}` : ''}; ${count(caughtUp)} messages caught up with`,
      ],
    )
  facts.push([
    'server',
    server
      ? `${server.name}: ${mib(server.memoryBytes.before)} MiB of memory, ${mib(server.memoryBytes.most)} at most`
      : 'memory and CPU unknown: it is elsewhere, or --server-pid must name it',
  ])
  if (server) {
    const each = (server.cpuSeconds / result.messages.delivered) * 1e6
    facts.push([
      '',
      `${server.cpuSeconds.toFixed(2)} s of CPU, ${percent(server.cpuShare)} of a core${Number.isFinite(each) ? `, ${whole(each)} us a delivery` : ''}`,
    ])
  }
  facts.push([
    'this bench',
    `${bench.threads} threads, busiest ${percent(bench.busy)}; timers p99 ${ms(bench.delayP99Ms)} ms late; machine ${percent(bench.machineBusy)} busy`,
  ])
  facts.push(['seed', String(seed)])
  return facts.flatMap(([label, text]) =>
    wrapped(text, labelWidth).map(
      (line, i) => style('dim', (i === 0 ? label : '').padEnd(labelWidth)) + line,
    ),
  )
}

function verdictOf({ ok, interrupted, messages, clients }: Result, style: Style): string {
  const { lost, doubled, disordered, gaps, acknowledged } = messages
  const part = (n: number, what: string) => (n > 0 ? [`${count(n)} ${what}`] : [])
  const parts = ok
    ? ['nothing lost, doubled or out of order', ...part(gaps, 'gaps told')]
    : [
        ...part(lost, 'lost'),
        ...part(doubled, 'doubled'),
        ...part(disordered, 'out of order'),
        ...part(clients.asked - clients.connected, 'clients not served'),
        ...part(clients.away, 'clients not there at the end'),
        ...(acknowledged === 0 ? ['nothing acknowledged'] : []),
      ]
  const [first = '', ...more] = wrapped(
    `${interrupted ? 'Ended early: ' : 'Result: '}${parts.join('; ')}.`,
    0,
  )
  return [first, ...more].map((line) => style(ok ? 'green' : 'red', line)).join('\n')
}

function row(label: string, left: readonly string[], right: readonly string[]): string {
  const cells = (all: readonly string[]) => all.map((cell) => cell.padStart(cellWidth)).join('')
  return `${label.padEnd(labelWidth)}${cells(left)}   ${cells(right)}`
}

function group(text: string): string {
  return text.padStart(3 * cellWidth)
}

function spreadText({ p50, p99, max }: Spread): string {
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)} ms`
}

function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : whole(value)
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function mib(bytes: number): string {
  return whole(bytes / 2 ** 20)
}

/** Lines that fit 80 columns behind so many of something else. */
function wrapped(text: string, behind: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && behind + line.length + 1 + word.length > 80) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function plainLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the colours of a terminal
  return text.replace(/\u001b\[\d+m/g, '').length
}
