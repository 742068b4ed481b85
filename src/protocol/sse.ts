/**
 * Formats fields of an event stream (WHATWG HTML, section 9.2.6 "Interpreting an event stream").
 * Data is split on CRLF, CR and LF; ids and event names never carry CR, LF or NUL.
 */
export interface SseEvent {
  readonly event?: string
  readonly id?: string
  readonly data: string
  /** Milliseconds after which the client reconnects. */
  readonly retry?: number
}

const lineEnds = /\r\n|\r|\n/
const unsafeField = /[\r\n\0]/g

/** One dispatched event, with the blank line that ends it. */
export function formatEvent(event: SseEvent): string {
  let text = ''
  if (event.retry !== undefined) text += `retry: ${Math.round(event.retry)}\n`
  if (event.event !== undefined && event.event !== 'message')
    text += `event: ${event.event.replace(unsafeField, ' ')}\n`
  if (event.id !== undefined) text += idLine(event.id)
  return text + dataLines(event.data) + '\n'
}

/** An `id:` line by itself, to stand before an event that was encoded without one. */
export function idLine(id: string): string {
  return `id: ${id.replace(unsafeField, '')}\n`
}

function dataLines(data: string): string {
  // JSON text has no line ends; only foreign text needs the split.
  if (!data.includes('\n') && !data.includes('\r')) return `data: ${data}\n`
  return data
    .split(lineEnds)
    .map((line) => `data: ${line}\n`)
    .join('')
}
