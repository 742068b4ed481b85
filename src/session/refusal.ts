import { EverwireError } from '../protocol/codes.ts'

/** What a client is told of an error: a fault of the server is reported and told without its details. */
export function refusalOf(error: unknown, report: (error: unknown) => void): EverwireError {
  if (error instanceof EverwireError) return error
  report(error)
  return new EverwireError('internal', 'a fault of the server: try again later', { cause: error })
}

/** What a server that is going away tells its clients, and whoever wants something new of it. */
export function draining(): EverwireError {
  return new EverwireError('draining', 'this server is going away: come back and resume')
}

/** The reason of the close frame for an error: begins with its code. */
export function closeReason({ code, message }: EverwireError): string {
  return fitted(`${code}: ${message}`)
}

/** As much of the text as a close frame holds: 123 bytes (RFC 6455, 5.5), whole characters. */
export function fitted(reason: string): string {
  let bytes = 0
  let end = 0
  for (const character of reason) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (bytes > 123) break
    end += character.length
  }
  return reason.slice(0, end)
}
