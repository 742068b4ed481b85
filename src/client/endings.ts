import { EverwireError, type ErrorCode } from '../protocol/codes.ts'
import { isRecord } from '../protocol/json.ts'
import type { Ending } from './transports/transport.ts'

// Not the table of codes: a page need not load what it can derive.
const comesBackNow = /^(draining|slow-reader)/
const passing = /^(rate-limited|overloaded|draining|store-unavailable|slow-reader|timeout|internal)$/

/** Whether what was refused with `code` may succeed later. */
export function passes(code: string): boolean {
  return passing.test(code)
}

/** Nobody said why: refused, reset, or ended without a word. */
export function broken(message: string): Ending {
  return { retry: 'now', told: false, message }
}

/** What the close code and reason of a WebSocket say (PROTOCOL.md 6.6, section 9): 44xx stop, 45xx come back. */
export function closeEnding(close: number, reason: string): Ending {
  const [code = ''] = reason.split(/[:\s]/, 1)
  const message = `closed with ${close} ${reason}`
  const kind = Math.floor(close / 100)
  if (kind === 44 || close === 1007 || close === 1009)
    return { retry: 'never', told: true, code: code as ErrorCode, message }
  if (kind === 45 || close === 1011)
    return {
      retry: comesBackNow.test(code) ? 'now' : 'later',
      told: true,
      code: code as ErrorCode,
      message,
    }
  return broken(message)
}

/** What an `error` object of the server ends (PROTOCOL.md 7.7, 9.1). */
export function errorEnding({ code, message }: EverwireError, status: number, retryMs?: number): Ending {
  // 204 is the way to say "stop"; 408 and 429 pass.
  const never = status === 200 ? !passes(code) : status < 500 && status !== 408 && status !== 429
  return {
    retry: never ? 'never' : comesBackNow.test(code) ? 'now' : 'later',
    told: true,
    code,
    message,
    ...(retryMs === undefined ? {} : { retryMs }),
  }
}

/** The error in a refusal's body, or one made from its status. */
export function refusal(status: number, body: unknown): EverwireError {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : body
  const told = isRecord(error) && typeof error['code'] === 'string' ? error : undefined
  const code =
    told?.['code'] ?? (status === 401 ? 'unauthenticated' : status === 403 ? 'forbidden' : 'internal')
  // The cast lets codes pass that a newer server has and this client does not know.
  const message = told?.['message']
  return new EverwireError(
    code as ErrorCode,
    typeof message === 'string' ? message : `the answer was ${status}`,
  )
}
