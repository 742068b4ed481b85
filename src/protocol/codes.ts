/**
 * The one table of everything that can be refused or go wrong (PROTOCOL.md section 9).
 *
 * `status` answers an HTTP request. `close` ends a WebSocket when the error ends the connection: 44xx means
 * stop, 45xx means come back; the RFC 6455 codes 1007, 1009 and 1011 are used where they fit exactly.
 * `retry` tells a client what to do: `never` (the same attempt cannot succeed), `now` (come back at once,
 * spread by jitter), `later` (back off first).
 */
export const codes = {
  'bad-json': { status: 400, close: 4400, retry: 'never' },
  'bad-message': { status: 400, close: 4400, retry: 'never' },
  'bad-utf8': { status: 400, close: 1007, retry: 'never' },
  'unknown-type': { status: 400, close: 4400, retry: 'never' },
  'bad-channel': { status: 400, close: 4400, retry: 'never' },
  'bad-position': { status: 400, close: 4400, retry: 'never' },
  'bad-payload': { status: 422, close: 4422, retry: 'never' },
  'too-large': { status: 413, close: 1009, retry: 'never' },
  'too-deep': { status: 400, close: 4400, retry: 'never' },
  'too-many-channels': { status: 400, close: 4400, retry: 'never' },
  'too-many-entries': { status: 400, close: 4400, retry: 'never' },
  'already-subscribed': { status: 409, close: 4409, retry: 'never' },
  'not-subscribed': { status: 409, close: 4409, retry: 'never' },
  'key-reused': { status: 409, close: 4409, retry: 'never' },
  unauthenticated: { status: 401, close: 4401, retry: 'never' },
  'token-expired': { status: 401, close: 4401, retry: 'never' },
  forbidden: { status: 403, close: 4403, retry: 'never' },
  'forbidden-origin': { status: 403, close: 4403, retry: 'never' },
  'not-found': { status: 404, close: 4404, retry: 'never' },
  'no-handler': { status: 404, close: 4404, retry: 'never' },
  'method-not-allowed': { status: 405, close: 4405, retry: 'never' },
  'uri-too-long': { status: 414, close: 4414, retry: 'never' },
  'unsupported-media-type': { status: 415, close: 4415, retry: 'never' },
  'upgrade-required': { status: 426, close: 4426, retry: 'never' },
  'handler-failed': { status: 500, close: 4500, retry: 'later' },
  internal: { status: 500, close: 1011, retry: 'later' },
  'slow-reader': { status: 503, close: 4508, retry: 'now' },
  'rate-limited': { status: 429, close: 4529, retry: 'later' },
  overloaded: { status: 503, close: 4503, retry: 'later' },
  draining: { status: 503, close: 4512, retry: 'now' },
  'store-unavailable': { status: 503, close: 4503, retry: 'later' },
  timeout: { status: 504, close: 4504, retry: 'later' },
} as const satisfies Record<string, { status: number; close: number; retry: 'never' | 'now' | 'later' }>

/** The name of one row of the table. */
export type ErrorCode = keyof typeof codes

/** The one error that Everwire throws or answers: a code of the table and a message that says what to do. */
export class EverwireError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EverwireError'
    this.code = code
  }
}
