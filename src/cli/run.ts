import { version } from '../protocol/version.ts'
import type { Command } from './command.ts'
import { benchCommand } from './commands/bench.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { openapiCommand } from './commands/openapi.ts'
import { proxyCommand } from './commands/proxy.ts'
import { publishCommand } from './commands/publish.ts'
import { serveCommand } from './commands/serve.ts'
import { tailCommand } from './commands/tail.ts'
import { type ExitCode, Failure, exit, usage } from './failure.ts'
import { commandHelp, generalHelp } from './help.ts'
import { nearest } from './nearest.ts'
import { Terminal } from './terminal.ts'

const commands: ReadonlyMap<string, Command> = new Map(
  [
    serveCommand,
    publishCommand,
    tailCommand,
    benchCommand,
    doctorCommand,
    proxyCommand,
    openapiCommand,
    demoCommand,
  ].map((entry) => [entry.manual.name, entry]),
)

/** Runs what was typed (without node and the script) and resolves with how it ended; never rejects. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = argv
  const terminal = new Terminal(rest.includes('--json'))
  try {
    return await dispatch(name, rest, terminal)
  } catch (error) {
    return report(error, name, terminal)
  }
}

async function dispatch(name: string | undefined, rest: string[], terminal: Terminal): Promise<ExitCode> {
  if (name === undefined) {
    process.stderr.write(`${general(terminal)}\n`)
    return exit.usage
  }
  if (['help', '--help', '-h'].includes(name)) {
    const [of] = rest
    print(of === undefined ? general(terminal) : helpOf(find(of), terminal))
    return exit.ok
  }
  if (['version', '--version', '-v', '-V'].includes(name)) {
    print(version)
    return exit.ok
  }
  const found = find(name)
  if (asksForHelp(rest)) {
    print(helpOf(found, terminal))
    return exit.ok
  }
  return found.run(rest)
}

function find(name: string): Command {
  const found = commands.get(name)
  if (found) return found
  const names = [...commands.keys()]
  if (name.startsWith('-'))
    throw usage(`There is no option ${name} here. A command comes first: ${names.join(', ')}.`)
  const near = nearest(name, names)
  throw usage(
    near
      ? `There is no command "${name}". Did you mean \`everwire ${near}\`?`
      : `There is no command "${name}". The commands are ${names.join(', ')}.`,
  )
}

function asksForHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf('--')
  return rest.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h')
}

function report(error: unknown, name: string | undefined, terminal: Terminal): ExitCode {
  const failure = error instanceof Failure ? error : undefined
  const message = failure?.message ?? `everwire ${name} broke: ${stackOf(error)}`
  const code = failure?.code
  const how = failure?.exit ?? exit.failed
  terminal.note({ type: 'error', message, ...(code === undefined ? {} : { code }), exit: how }, () => {
    const lines = [terminal.noteStyle('red', message) + (code === undefined ? '' : ` (${code})`)]
    if (how === exit.usage) {
      const known = name !== undefined && commands.has(name)
      lines.push(terminal.noteStyle('dim', `See everwire ${known ? `${name} ` : ''}--help.`))
    }
    return lines.join('\n')
  })
  return how
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function general(terminal: Terminal): string {
  return generalHelp(
    [...commands.values()].map(({ manual }) => manual),
    version,
    terminal,
  )
}

function helpOf({ manual, args }: Command, terminal: Terminal): string {
  return commandHelp(manual, args, terminal)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
