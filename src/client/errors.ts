/** What can go wrong on this side of the wire. */
export type ClientErrorCode =
  | 'unknown' // tried, never answered, older than the server's memory of keys: it may have taken effect
  | 'outbox-full' // as many publishes wait as the outbox holds
  | 'disconnected' // the connection broke before the answer came
  | 'no-answer' // no answer within the time limit
  | 'gave-up' // `maxAttempts` attempts in a row have failed
  | 'closed' // `close()` was called

/** What went wrong on this side; what the server refuses is an EverwireError with a code of the protocol. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  constructor(code: ClientErrorCode, message: string) {
    super(message)
    this.name = 'ClientError'
    this.code = code
  }
}
