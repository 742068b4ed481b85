import { clearLine, cursorTo } from 'node:readline'
import type { Terminal } from '../terminal.ts'

/** How far a run has come. */
export interface Standing {
  readonly phase: 'publishing' | 'waiting'
  readonly secondsLeft: number
  readonly clients: number
  readonly published: number
  readonly delivered: number
  readonly cut: number
}

const frameMs = 100
const lineMs = 1_000

/** Shows how far a run has come: one line that changes on a terminal, a line a second elsewhere. */
export class Progress {
  readonly #terminal: Terminal
  readonly #standing: () => Standing
  readonly #live: boolean
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: Terminal, standing: () => Standing) {
    this.#terminal = terminal
    this.#standing = standing
    this.#live = process.stderr.isTTY && !terminal.json
  }

  begin(): void {
    this.#timer = setInterval(() => this.#show(), this.#live ? frameMs : lineMs)
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#live) this.#rewrite('')
  }

  #show(): void {
    const standing = this.#standing()
    if (this.#live) this.#rewrite(textOf(standing))
    else this.#terminal.note({ type: 'progress', ...standing }, () => textOf(standing))
  }

  #rewrite(text: string): void {
    cursorTo(process.stderr, 0)
    clearLine(process.stderr, 0)
    // A line that breaks could not be taken back.
    process.stderr.write(text.slice(0, (process.stderr.columns || 80) - 1))
  }
}

function textOf({ phase, secondsLeft, clients, published, delivered, cut }: Standing): string {
  const when = phase === 'publishing' ? `${Math.ceil(secondsLeft)} s left`.padEnd(11) : 'waiting    '
  const parts = [
    `${count(clients)} clients`,
    `${count(published)} published`,
    `${count(delivered)} delivered`,
    ...(cut > 0 ? [`${count(cut)} cut`] : []),
  ]
  return `${when}${parts.join('  ')}`
}

function count(n: number): string {
  return n.toLocaleString('en')
}
