import { codes, type ErrorCode, type EverwireError } from '../protocol/codes.ts'
import type { Reply } from './exchange.ts'
import type { Kernel } from './kernel.ts'

const jsonHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** Answers with JSON. */
export function answerJson(
  reply: Reply,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply.answer(status, { ...jsonHeaders, ...headers }, JSON.stringify(value))
}

/** Answers an error as PROTOCOL.md 9.1 wants it, and counts it. */
export function refuse(
  kernel: Pick<Kernel, 'refused'>,
  reply: Reply,
  error: EverwireError,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { code, message } = error
  kernel.refused(code)
  const { status } = codes[code]
  const wait = codes[code].retry === 'never' ? undefined : retryAfter[code]
  answerJson(
    reply,
    status,
    { error: { code, message } },
    { ...(wait === undefined ? {} : { 'retry-after': wait }), ...headers },
  )
}

const retryAfter: Partial<Record<ErrorCode, string>> = {
  'rate-limited': '1',
  overloaded: '5',
  draining: '1',
  'store-unavailable': '2',
}
