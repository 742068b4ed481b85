/** One event of a stream, as WHATWG HTML 9.2.6 interprets it. */
export interface StreamEvent {
  event?: string
  id?: string
  data?: string
}

/**
 * Reads an event stream from text that comes in any pieces; `onRetry` is told of reconnect times. A byte order mark
 * is taken off by the decoder of the text.
 */
export function eventReader(
  onEvent: (event: StreamEvent) => void,
  onRetry: (ms: number) => void,
): (text: string) => void {
  let rest = ''
  let event: StreamEvent = {}
  return (text) => {
    rest += text
    // A CR at the very end may be half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? []
      if (line === '') {
        if (event.data !== undefined) onEvent(event)
        event = {}
      } else if (name === 'data') event.data = event.data === undefined ? value : `${event.data}\n${value}`
      else if (name === 'event') event.event = value
      else if (name === 'id') event.id = value
      else if (name === 'retry') onRetry(Number(value))
    }
  }
}
