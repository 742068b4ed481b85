import type { Logger } from '../index.ts'
import type { Terminal } from './terminal.ts'

/** The faults of a server that runs, as lines for people or as JSON. What keeps it from starting is thrown instead. */
export class Faults implements Logger {
  readonly #terminal: Terminal
  #running = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** The server runs: from now on there is nobody else to tell. */
  begin(): void {
    this.#running = true
  }

  error(details: object, message: string): void {
    this.#tell('error', details, message)
  }

  warn(details: object, message: string): void {
    this.#tell('warning', details, message)
  }

  #tell(type: 'error' | 'warning', details: object, message: string): void {
    if (!this.#running) return
    const cause = 'err' in details ? textOf(details.err) : JSON.stringify(details)
    this.#terminal.note({ type, message, cause }, () =>
      this.#terminal.noteStyle(type === 'error' ? 'red' : 'yellow', `${message}: ${cause}`),
    )
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
