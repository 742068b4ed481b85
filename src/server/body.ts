import { EverwireError } from '../protocol/codes.ts'
import { parseJson } from '../protocol/json.ts'
import type { Limits } from '../session/limits.ts'
import type { Exchange } from './exchange.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The largest body: a batch of the largest messages. */
export function bodyLimit(limits: Limits): number {
  return limits.batch * limits.messageBytes
}

/**
 * The body as JSON. Throws `unsupported-media-type` (which also keeps a foreign page's form from posting here),
 * `too-large`, `bad-utf8`, `bad-json`, `too-deep`, `timeout`.
 */
export async function readJson(exchange: Exchange, limit: number): Promise<unknown> {
  const type = exchange.headers['content-type']
  if (!isJson(type)) {
    throw new EverwireError(
      'unsupported-media-type',
      `the content type is ${type === undefined ? 'missing' : JSON.stringify(type.slice(0, 80))}: send application/json`,
    )
  }
  return parseJson(decodeUtf8(await exchange.body(limit), 'the body'))
}

/** Throws `bad-utf8`: half a character is an error, never a replacement character. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new EverwireError('bad-utf8', `${what} is not UTF-8: encode it as UTF-8`, { cause: error })
  }
}

function isJson(type: string | undefined): boolean {
  const [media = '', ...parameters] = (type ?? '').toLowerCase().split(';')
  const charset = parameters.map((part) => part.trim()).find((part) => part.startsWith('charset='))
  const known = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  return known && /^application\/(?:[\w.-]+\+)?json$/.test(media.trim())
}
