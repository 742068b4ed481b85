import { toBase64 } from '../protocol/binary.ts'
import type { Terminal } from './terminal.ts'

/** What of a message is shown. */
export interface Shown {
  readonly channel: string
  readonly id?: string | undefined
  readonly event: string
  readonly data: unknown
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly slot?: string | undefined
  readonly removed?: boolean | undefined
}

/** Messages as aligned lines: time, channel (where there are several), event, data. */
export class Lines {
  readonly #terminal: Terminal
  readonly #channelWidth: number
  #eventWidth = 7

  constructor(terminal: Terminal, channels: readonly string[]) {
    this.#terminal = terminal
    this.#channelWidth = channels.length > 1 ? Math.max(...channels.map((name) => name.length)) : 0
  }

  text(message: Shown): string {
    const style: Terminal['style'] = (how, text) => this.#terminal.style(how, text)
    const event = printable(message.event)
    // Grows, so that later lines stand under each other whatever comes.
    this.#eventWidth = Math.min(24, Math.max(this.#eventWidth, event.length))
    const parts = [style('dim', clock(message.time))]
    if (this.#channelWidth > 0) parts.push(style('cyan', message.channel.padEnd(this.#channelWidth)))
    parts.push(style('green', event.padEnd(this.#eventWidth)))
    if (message.slot) parts.push(style('yellow', printable(message.slot)))
    parts.push(message.removed ? style('dim', 'removed') : dataText(message.data))
    return parts.join('  ')
  }
}

/** A message as one object of JSON, in the shape that it has on the wire. */
export function messageObject(message: Shown): object {
  const { channel, id, event, data, time, slot, removed } = message
  const bytes = data instanceof Uint8Array
  return {
    type: 'message',
    channel,
    ...(id === undefined ? {} : { id }),
    event,
    data: bytes ? toBase64(data) : data,
    time,
    ...(slot === undefined ? {} : { slot }),
    ...(removed ? { removed } : {}),
    ...(bytes ? { encoding: 'base64' } : {}),
  }
}

function dataText(data: unknown): string {
  if (data instanceof Uint8Array) return `<${data.length} bytes> ${toBase64(data.subarray(0, 48))}`
  return printable(typeof data === 'string' ? data : (JSON.stringify(data) ?? ''))
}

// oxlint-disable-next-line no-control-regex -- control characters are what must be found
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** Text that cannot steer the terminal: whoever may publish writes what is shown here. */
function printable(text: string): string {
  return text.replace(control, (c) =>
    c === '\t' ? c : JSON.stringify(c).slice(1, -1).replace(control, codeOf),
  )
}

function codeOf(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function clock(time: number): string {
  const at = new Date(time)
  const two = (n: number) => String(n).padStart(2, '0')
  const ms = String(at.getMilliseconds()).padStart(3, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`
}
