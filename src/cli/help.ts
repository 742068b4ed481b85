import type { ArgDef, ArgsDef } from 'citty'
import type { Manual } from './command.ts'
import { takesValue } from './options.ts'
import type { Terminal } from './terminal.ts'

export const exitCodes = [
  ['0', 'done'],
  ['1', 'failed, or refused by the server'],
  ['2', 'the command line or the configuration cannot be understood'],
  ['3', 'the server cannot be reached'],
  ['130', 'interrupted (Ctrl-C)'],
] as const

/** The help of one command. */
export function commandHelp(manual: Manual, args: ArgsDef, terminal: Terminal): string {
  const options = Object.entries({ ...args, ...everywhere })
    .filter(([, arg]) => arg.type !== 'positional')
    .map(([name, arg]) => [optionText(name, arg), descriptionText(arg)] as const)
  const examples = manual.examples.flatMap(([command, effect]) => [
    `  ${terminal.style('dim', `# ${effect}`)}`,
    `  ${command}`,
  ])
  return [
    ...manual.description,
    '',
    heading('Usage', terminal),
    `  everwire ${manual.name} ${[manual.operands, '[options]'].filter(Boolean).join(' ')}`,
    '',
    heading('Options', terminal),
    ...columns(options, terminal),
    '',
    heading('Examples', terminal),
    ...examples,
    '',
    ...(manual.sections ?? []).flatMap(([title, lines]) => [
      heading(title, terminal),
      ...lines.map((line) => (line === '' ? '' : `  ${line}`)),
      '',
    ]),
    heading('Exit codes', terminal),
    ...columns(manual.exitCodes ?? exitCodes, terminal),
  ].join('\n')
}

/** The help of the whole. */
export function generalHelp(manuals: readonly Manual[], version: string, terminal: Terminal): string {
  return [
    `Everwire ${version}: channels over WebSocket, server-sent events and long-polling.`,
    '',
    heading('Usage', terminal),
    '  everwire COMMAND [options]',
    '',
    heading('Commands', terminal),
    ...columns(
      manuals.map(({ name, summary }) => [name, summary] as const),
      terminal,
    ),
    '',
    heading('Options', terminal),
    ...columns(
      [
        ['-h, --help', 'show help, also of a command: everwire tail --help'],
        ['-v, --version', 'show the version'],
      ],
      terminal,
    ),
    '',
    heading('Try it', terminal),
    '  everwire serve --dev',
    '  everwire tail news',
    '  everwire publish news \'{"title":"Hello"}\'',
    '',
    heading('Exit codes', terminal),
    ...columns(exitCodes, terminal),
  ].join('\n')
}

const everywhere: ArgsDef = {
  help: { type: 'boolean', alias: 'h', description: 'show this help' },
}

function heading(text: string, terminal: Terminal): string {
  return terminal.style('bold', text)
}

function optionText(name: string, arg: ArgDef): string {
  const short = 'alias' in arg && typeof arg.alias === 'string' ? `-${arg.alias}, ` : '    '
  return `${short}--${name}${takesValue(arg.type) ? ` ${arg.valueHint ?? 'VALUE'}` : ''}`
}

function descriptionText(arg: ArgDef): string {
  const standard = typeof arg.default === 'string' ? ` (default ${arg.default})` : ''
  return `${arg.description ?? ''}${standard}`
}

function columns(rows: readonly (readonly [string, string])[], terminal: Terminal): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(
    ([left, right]) => `  ${terminal.style('cyan', left)}${' '.repeat(width - left.length)}  ${right}`,
  )
}
