import type { ErrorCode } from '../protocol/codes.ts'
import type { Ending } from './transports/transport.ts'

// Not the table of codes: a page need not load what it can derive.
const passing = /^(rate-limited|overloaded|draining|store-unavailable|slow-reader|timeout|internal)$/

/** Whether what was refused with `code` may succeed later. */
export function passes(code: string): boolean {
  return passing.test(code)
}

/** Nobody said why: refused, reset, or ended without a word. */
export function broken(error: unknown): Ending {
  return { retry: 'now', told: false, message: String(error) }
}

function told(never: boolean, code: string, message: string, retryMs = 0): Ending {
  const retry = never ? 'never' : /^(draining|slow-reader)$/.test(code) ? 'now' : 'later'
  // The cast lets codes pass that a newer server has and this client does not know.
  return { retry, told: true, code: code as ErrorCode, message, retryMs }
}

/** What the close code and reason of a WebSocket say (PROTOCOL.md 6.6, section 9): 44xx stop, 45xx come back. */
export function closeEnding(close: number, reason: string): Ending {
  const [code = ''] = reason.split(':', 1)
  const never = /^(44..|1007|1009)$/.test(String(close))
  const known = never || /^(45..|1011)$/.test(String(close))
  return known ? told(never, code, reason) : broken(`closed with ${close} ${reason}`)
}

/** What `{"code","message"}` says that ends a stream which had begun with 200 (PROTOCOL.md 7.7). */
export function streamEnding(error: unknown, retryMs: number): Ending {
  const { code, message } = said(error)
  return told(!passes(code), code, message, retryMs)
}

/** What the status and body of a refusal say (PROTOCOL.md 9.1). 204 is the way to say "stop"; 408 and 429 pass. */
export function statusEnding(status: number, body: unknown, retryMs: number): Ending {
  const never = status < 500 && status !== 408 && status !== 429
  const { code, message } = said((body as { error?: unknown } | null | undefined)?.error)
  if (code) return told(never, code, message, retryMs)
  const unsaid = `the answer was ${status}`
  // Above 500 without a code it may be a proxy that speaks.
  return never ? told(true, status === 401 ? 'unauthenticated' : 'forbidden', unsaid) : broken(unsaid)
}

// What is no error of the server's may be anything: a proxy speaks, too.
function said(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : '', message: String(message) }
}
