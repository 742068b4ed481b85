import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/**
 * Where a command writes: results to stdout, everything about how it goes to stderr. With `--json` both are one JSON
 * object a line. Colour only on a terminal, and not with NO_COLOR.
 */
export class Terminal {
  readonly json: boolean
  readonly #out = process.stdout
  readonly #err = process.stderr

  constructor(json: boolean) {
    this.json = json
    // `everwire tail x | head -1`: the reader has gone, which is no fault.
    this.#out.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }

  /** Columns of stdout; undefined where it is no terminal. */
  get columns(): number | undefined {
    return this.#out.isTTY ? this.#out.columns : undefined
  }

  /** A result: the object with `--json`, otherwise the text. */
  result(object: object, text: () => string): void {
    this.#out.write(`${this.json ? JSON.stringify(object) : text()}\n`)
  }

  /** How it goes: the object with `--json`, otherwise the text. */
  note(object: object, text: () => string): void {
    this.#err.write(`${this.json ? JSON.stringify(object) : text()}\n`)
  }

  /** Styled when stdout is a terminal. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out })
  }

  /** Styled when stderr is a terminal. */
  noteStyle(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#err })
  }
}
