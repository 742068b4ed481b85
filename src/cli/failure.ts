/** How the command ends (documented in `--help`). */
export const exit = { ok: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** Ends the command with this code. The message is shown as it is and says what to do. */
export class Failure extends Error {
  readonly exit: ExitCode
  /** Shown after the message when it came from a server: one of PROTOCOL.md section 9. */
  readonly code: string | undefined

  constructor(message: string, how: ExitCode, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options)
    this.name = 'Failure'
    this.exit = how
    this.code = options.code
  }
}

/** What was typed cannot be understood. */
export function usage(message: string): Failure {
  return new Failure(message, exit.usage)
}
