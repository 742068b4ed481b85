import { parseArgs } from 'node:util'
import { faults, type Fault } from './faults.ts'

export interface Options {
  readonly store: 'sqlite' | 'memory'
  readonly seed: number
  /** It goes on for so long at least, and until both numbers are reached. */
  readonly seconds: number
  readonly deliveries: number
  readonly acknowledged: number
  readonly faults: readonly Fault[]
  readonly json: boolean
}

const names = faults.map(({ name }) => name)

export const help = `npm run torture -- [options]

Publishers and readers on all transports, faults at random moments, and a judge of everything that was published,
acknowledged and delivered. Exit code 1 when anything was violated.

  --store sqlite|memory  the log of the server (default: sqlite)
  --seconds N            for so long at least (default: 30)
  --deliveries N         and until so many messages were delivered
  --acknowledged N       and so many publishes acknowledged
  --seed N               of the schedule of faults, and of what is published (default: of the clock)
  --faults A,B           only these (default: all that this machine can do; "none": none)
  --json                 the report as JSON
  --help

${faults.map(({ name, is }) => `  ${name.padEnd(22)} ${is}`).join('\n')}
`

/** The options of a command line; throws an Error that says what is wrong with it. */
export function optionsOf(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: 'sqlite' },
      seconds: { type: 'string', default: '30' },
      deliveries: { type: 'string', default: '0' },
      acknowledged: { type: 'string', default: '0' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      faults: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { store } = values
  if (store !== 'sqlite' && store !== 'memory')
    throw new Error(`--store takes sqlite or memory, not ${JSON.stringify(store)}`)
  return {
    store,
    seed: numberOf('seed', values.seed),
    seconds: numberOf('seconds', values.seconds),
    deliveries: numberOf('deliveries', values.deliveries),
    acknowledged: numberOf('acknowledged', values.acknowledged),
    faults: faultsOf(values.faults),
    json: values.json,
  }
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${JSON.stringify(text)}`)
  return Number(text)
}

export function faultsOf(list: string | undefined): readonly Fault[] {
  if (list === undefined) return faults
  if (list === 'none') return []
  return list.split(',').map((name) => {
    const fault = faults.find((each) => each.name === name)
    if (!fault) throw new Error(`--faults knows no ${JSON.stringify(name)}: it takes ${names.join(', ')}`)
    return fault
  })
}
