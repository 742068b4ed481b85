import type { Measurements, SilenceProbe, SocketProbe, StreamProbe } from './measurements.ts'
import { duration, listed, size } from './words.ts'

/** A measurement as a line: what, how it is, and the figures. */
export interface Row {
  readonly what: string
  readonly result: string
}

/** Everything that was measured, as lines for people. */
export function rowsOf(so: Measurements): Row[] {
  const { reach, front, socket, stream, poll, posts, headers, page, idle } = so
  if (reach.kind !== 'everwire') return []
  const { about, roundTripMs, skewMs, shown } = reach
  const rows: [string, string | undefined][] = [
    ['Round trip', duration(roundTripMs)],
    [
      'HTTP',
      `${front ? `${front} ${so.from === 'page' ? 'from here' : 'offered'}, ` : ''}HTTP/${about.http} at the server`,
    ],
    ['Proxies', proxiesText(shown, about.through)],
    ['Seen by the server as', `a ${about.address} address`],
    ['Clocks', `${duration(Math.abs(skewMs))} apart, give or take ${duration(roundTripMs / 2)}`],
    ['WebSocket', socket && socketText(socket)],
    ['Event stream', stream && streamText(stream)],
    ['Long-polling', poll && silenceText(poll, 'answered')],
    [
      'POST',
      posts
        ?.map(({ bytes, ok, status }) => `${size(bytes)} ${ok ? 'ok' : `refused (${status || 'no answer'})`}`)
        .join(', '),
    ],
    ['Last-Event-ID', headers && (headers.lastEventId ? 'arrives' : 'is lost')],
    ["The browser's EventSource", page && eventSourceText[page.eventSource]],
    ['Requests at once', page && `${page.together.atOnce} of ${page.together.asked}`],
    ['Cookies', page && (page.cookie ? 'arrive' : 'are lost')],
    ['A silent WebSocket', idle?.socket && silenceText(idle.socket, 'still open')],
    ['A silent event stream', idle?.stream && silenceText(idle.stream, 'still open')],
    ['A held poll', idle?.hold && silenceText(idle.hold, 'answered')],
  ]
  return rows.flatMap(([what, result]) => (result === undefined || result === '' ? [] : [{ what, result }]))
}

function proxiesText(shown: readonly string[], through: readonly string[]): string {
  const byHeaders = through.length > 0 ? [`shown to the server by ${listed(through)}`] : []
  const all = [...(shown.length > 0 ? [listed(shown)] : []), ...byHeaders]
  return all.length > 0 ? all.join('; ') : 'none that shows itself'
}

const eventSourceText = {
  resumes: 'resumes',
  forgets: 'comes back without its place',
  blocked: 'opens nothing',
}

function socketText(socket: SocketProbe): string {
  switch (socket.kind) {
    case 'works':
      return `open after ${duration(socket.openMs)}, echo ${duration(socket.echoMs.p50)} (longest ${duration(socket.echoMs.max)})`
    case 'refused':
      return `refused after ${duration(socket.afterMs)}`
    case 'swallowed':
      return `open after ${duration(socket.openMs)}, then silent`
    case 'cut':
      return `closed after ${duration(socket.afterMs)} (${socket.code})`
  }
}

function streamText(stream: StreamProbe): string {
  switch (stream.kind) {
    case 'delivered':
      return `first event after ${duration(stream.firstMs)}, ${stream.received} of ${stream.sent} in ${stream.pieces} ${stream.pieces === 1 ? 'piece' : 'pieces'}, late by ${duration(stream.delayMs.p50)} (longest ${duration(stream.delayMs.max)})${stream.encoding ? `, ${stream.encoding}` : ''}`
    case 'refused':
      return `refused (${stream.status})`
    case 'silent':
      return `nothing within ${duration(stream.waitedMs)}`
    case 'failed':
      return stream.reason
  }
}

function silenceText(probe: SilenceProbe, how: string): string {
  return probe.kind === 'survived'
    ? `${how} after ${duration(probe.ms)}`
    : `cut after ${duration(probe.afterMs)} (${probe.how})`
}
