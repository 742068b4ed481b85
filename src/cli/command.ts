import { type ArgsDef, type ParsedArgs, defineCommand, runCommand } from 'citty'
import { checkOptions } from './options.ts'

/** What `--help` shows of a command besides its options. */
export interface Manual {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** `CHANNEL [EVENT] DATA`. */
  readonly operands: string
  readonly description: readonly string[]
  readonly examples: readonly (readonly [command: string, effect: string])[]
  /** More of what one must know, as it is to stand there. */
  readonly sections?: readonly (readonly [heading: string, lines: readonly string[]])[]
}

export interface Command {
  readonly manual: Manual
  readonly args: ArgsDef
  /** Resolves when the command is done. Rejects with a Failure when it has failed in a way that was foreseen. */
  run(rawArgs: readonly string[]): Promise<void>
}

/** A command from its manual, its options and what it does with them. */
export function command<const Args extends ArgsDef>(
  manual: Manual,
  args: Args,
  run: (given: ParsedArgs<Args>) => Promise<void>,
): Command {
  const definition = defineCommand({ args, run: ({ args: given }) => run(given) })
  return {
    manual,
    args,
    async run(rawArgs) {
      checkOptions(rawArgs, args)
      await runCommand(definition, { rawArgs: [...rawArgs] })
    },
  }
}
