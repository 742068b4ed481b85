import { codes, type ErrorCode } from '../protocol/codes.ts'

/** Those who come back "later" stay away at least this long. */
const laterMs = 5_000

/** When an event stream that is sent away shall come back: spread, so that they do not all come together. */
export function retryMs(least: number, code: ErrorCode): number {
  const ms = codes[code].retry === 'now' ? least : Math.max(least, laterMs)
  return Math.round(ms * (1 + Math.random()))
}

/** The reconnect time of a stream that begins: about `ms`, so that those whom a crash cuts together come back apart. */
export function aboutMs(ms: number): number {
  return Math.round(ms * (0.75 + Math.random() / 2))
}
