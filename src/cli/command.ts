import { type ArgsDef, type ParsedArgs, defineCommand, runCommand } from 'citty'
import { type ExitCode, exit } from './failure.ts'
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
  /** Where they are others than everywhere. */
  readonly exitCodes?: readonly (readonly [code: string, meaning: string])[]
  /** More of what one must know, as it is to stand there. */
  readonly sections?: readonly (readonly [heading: string, lines: readonly string[]])[]
}

export interface Command {
  readonly manual: Manual
  readonly args: ArgsDef
  /** Resolves with how the command ended. Rejects with a Failure when it has failed in a way that was foreseen. */
  run(rawArgs: readonly string[]): Promise<ExitCode>
}

/** A command from its manual, its options and what it does with them; it ends with 0 unless it says otherwise. */
export function command<const Args extends ArgsDef>(
  manual: Manual,
  args: Args,
  run: (given: ParsedArgs<Args>) => Promise<ExitCode | void>,
): Command {
  return {
    manual,
    args,
    async run(rawArgs) {
      checkOptions(rawArgs, args)
      let ended: ExitCode = exit.ok
      const definition = defineCommand({
        args,
        async run({ args: given }) {
          ended = (await run(given)) ?? exit.ok
        },
      })
      await runCommand(definition, { rawArgs: [...rawArgs] })
      return ended
    },
  }
}
