import type { ParsedArgs } from 'citty'
import { examine, type Step } from '../../doctor/examine.ts'
import { markdown } from '../../doctor/report.ts'
import { judge } from '../../doctor/verdict.ts'
import { type Manual, command } from '../command.ts'
import { frontProtocol } from '../doctor-front.ts'
import { examinationText } from '../doctor-view.ts'
import { type ExitCode, exit, usage } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { interrupted } from '../signals.ts'
import { serverUrl } from '../target.ts'
import { Terminal } from '../terminal.ts'
import { trustHint } from '../trust.ts'

const args = {
  idle: {
    type: 'string',
    valueHint: 'SECONDS',
    description: 'how long silent connections are watched; 0: not at all (default 30)',
  },
  markdown: { type: 'boolean', description: 'the report as Markdown, to copy into a ticket' },
  json: { type: 'boolean', description: 'one JSON object a line, for scripts' },
} as const

/** What an examination ends with. */
const ends = { good: exit.ok, findings: exit.failed, broken: exit.usage } as const

const manual: Manual = {
  name: 'doctor',
  summary: 'examine the path to a server: what gets through, what to mend',
  operands: '[URL]',
  description: [
    'Measures from here whether WebSockets, event streams and long-polling reach a server, how late, and what on the way',
    'gets in between: proxies that strip, buffer, compress or cut. Says it in a sentence, and what mends it.',
    'Without a URL it takes $EVERWIRE_URL, or the server that `everwire serve` starts on this machine.',
    'The same runs in a browser: open /wire/doctor on the server from inside the network that is to be examined.',
  ],
  examples: [
    ['everwire doctor https://app.example/wire', 'from this machine, in about 35 seconds'],
    [
      'everwire doctor https://app.example/wire --idle 120',
      'with connections that are silent for two minutes',
    ],
    ['everwire doctor https://app.example/wire --idle 0 --markdown > report.md', 'a quick look, as a report'],
  ],
  exitCodes: [
    ['0', 'all is well'],
    ['1', 'live updates work, and there is something to mend'],
    [
      '2',
      'live updates do not get through, or no Everwire server is there; or the command line cannot be understood',
    ],
    ['3', 'nothing answers, or nobody whose certificate is trusted'],
    ['130', 'interrupted (Ctrl-C)'],
  ],
}

export const doctorCommand = command(manual, args, doctor)

async function doctor(given: ParsedArgs<typeof args>): Promise<ExitCode> {
  const terminal = new Terminal(given.json === true)
  const [typed, more] = given._
  if (more !== undefined) throw usage(`doctor takes one URL; "${more}" is too much.`)
  if (given.markdown && given.json) throw usage('--markdown and --json exclude each other.')
  const url = serverUrl(typed)
  const seconds = wholeNumber(given.idle, '--idle', 0, 180) ?? 30
  const examined = examine({
    base: url.href,
    from: 'command',
    idleMs: seconds * 1_000,
    origin: url.origin,
    front: () => frontProtocol(url, 5_000),
    progress(step, state) {
      if (terminal.json) terminal.note({ type: 'progress', step, state }, () => '')
      else if (state === 'running') terminal.note({}, () => terminal.noteStyle('dim', says[step](seconds)))
    },
  })
  const so = await Promise.race([examined, interrupted()])
  if (typeof so === 'string') return exit.interrupted
  const verdict = judge(so)
  terminal.result({ type: 'examination', ...verdict, measurements: so }, () =>
    given.markdown ? markdown(so, verdict, new Date()) : examinationText(so, verdict, terminal),
  )
  const hint = so.reach.kind === 'unreachable' ? trustHint(url, so.reach.reason) : undefined
  if (hint !== undefined) terminal.note({ type: 'hint', message: hint }, () => hint)
  return so.reach.kind === 'unreachable' ? exit.unreachable : ends[verdict.level]
}

const says: Readonly<Record<Step, (seconds: number) => string>> = {
  reach: () => 'asking what answers there ...',
  socket: () => 'opening a WebSocket ...',
  stream: () => 'reading an event stream ...',
  plain: () => 'polling and posting ...',
  page: () => '',
  idle: (seconds) => `being silent for ${seconds} s, to see what is cut ...`,
}
