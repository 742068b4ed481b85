import type { Channel, ChannelStart, Gap, TransportChange, Wire, WireState } from '../client/index.ts'
import { parseVector } from '../protocol/position.ts'
import { type ExitCode, Failure, exit } from './failure.ts'
import { Lines, messageObject } from './line.ts'
import type { Terminal } from './terminal.ts'

/** What a tail prints, and for how long. */
export interface TailOptions {
  readonly channels: readonly string[]
  readonly start: ChannelStart
  /** Ends after this many messages. */
  readonly count: number | undefined
}

/** Prints the messages of some channels until enough have come, it is stopped, or the server refuses. */
export class Tail {
  readonly #wire: Wire
  readonly #options: TailOptions
  readonly #terminal: Terminal
  readonly #lines: Lines
  #channels: readonly Channel[] = []
  #left: number
  /** The transport, in words. */
  #way = ''
  #ended = false

  constructor(wire: Wire, options: TailOptions, terminal: Terminal) {
    this.#wire = wire
    this.#options = options
    this.#terminal = terminal
    this.#lines = new Lines(terminal, options.channels)
    this.#left = options.count ?? Infinity
  }

  /** Resolves with how it ended; rejects with a Failure when it is refused. */
  async run(stopped: Promise<unknown>): Promise<ExitCode> {
    try {
      return await Promise.race([this.#listen(), stopped.then((): ExitCode => exit.interrupted)])
    } finally {
      this.#end()
    }
  }

  #listen(): Promise<ExitCode> {
    const { channels, start } = this.#options
    return new Promise((resolve, reject) => {
      const refused = (what: string, error: { readonly code: string; readonly message: string }) =>
        reject(new Failure(`The server refuses ${what}: ${error.message}`, exit.failed, { code: error.code }))
      this.#wire.on('error', (error) => refused('the connection', error))
      this.#wire.on('state', (state) => this.#tellState(state))
      this.#wire.on('transport', (change) => this.#tellTransport(change))
      this.#channels = channels.map((name) => this.#wire.channel(name, start))
      for (const channel of this.#channels) {
        const { name } = channel
        channel.on('error', (error) => refused(name, error))
        channel.on('gap', (gap) => this.#tellGap(gap))
        channel.on('subscribed', ({ id }) => this.#tellOnlyScripts({ type: 'subscribed', channel: name, id }))
        channel.on('snapshot', (mark) => this.#tellOnlyScripts({ type: 'snapshot', channel: name, ...mark }))
        channel.onMessage((message) => {
          this.#terminal.result(messageObject(message), () => this.#lines.text(message))
          if (--this.#left > 0) return
          // At once: what else has come is neither printed nor counted as seen.
          this.#end()
          resolve(exit.ok)
        })
      }
    })
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    const id = earliest(this.#channels.map(({ position }) => position))
    this.#wire.close()
    if (id === undefined) return
    this.#terminal.note({ type: 'position', id }, () =>
      this.#terminal.noteStyle('dim', `go on with --since ${id}`),
    )
  }

  #tellState(state: WireState): void {
    if (this.#ended) return
    const alive = state === 'live' || state === 'recovered'
    this.#terminal.note({ type: 'state', state }, () =>
      alive
        ? this.#terminal.noteStyle('green', state) + this.#terminal.noteStyle('dim', this.#way)
        : this.#terminal.noteStyle('yellow', state),
    )
  }

  // Told together with the state that it brings; by itself only where it takes over from another.
  #tellTransport({ transport, reason }: TransportChange): void {
    const isLive = this.#way !== '' && (this.#wire.state === 'live' || this.#wire.state === 'recovered')
    this.#way = ` over ${transport}${reason === 'preferred' ? '' : ` (${reason})`}`
    if (this.#terminal.json) this.#terminal.note({ type: 'transport', transport, reason }, () => '')
    else if (isLive) this.#terminal.note({}, () => this.#terminal.noteStyle('dim', `now${this.#way}`))
  }

  #tellGap(gap: Gap): void {
    this.#terminal.note({ type: 'gap', ...gap }, () =>
      this.#terminal.noteStyle('red', `gap in ${gap.channel} after ${gap.after}: ${reasons[gap.reason]}`),
    )
  }

  #tellOnlyScripts(event: object): void {
    if (this.#terminal.json) this.#terminal.note(event, () => '')
  }
}

const reasons: Readonly<Record<Gap['reason'], string>> = {
  expired: 'the server no longer keeps what came then',
  snapshot: 'removals are forgotten; everything that is there follows',
  'rolled-back': 'the server has lost what came last',
  'tail-unproved': 'the server cannot prove that it has everything that came before it was started again',
  'other-log': 'the position is of another log',
  rights: 'a part was not for us',
  unproved: 'what came next does not follow',
}

/**
 * The position from which every channel misses nothing: the earliest of theirs, so that some of the other channels'
 * messages may come again. Undefined when one of them has none yet, or when they cannot be compared.
 */
function earliest(positions: readonly (string | undefined)[]): string | undefined {
  let first: { readonly text: string; readonly seq: number } | undefined
  for (const text of positions) {
    const parts = text === undefined ? undefined : parseVector(text)
    const only = parts?.[0]
    if (text === undefined || !only || parts.length > 1 || only.shard !== undefined) return undefined
    if (!first || only.seq < first.seq) first = { text, seq: only.seq }
  }
  return first?.text
}
