import { EverwireError } from '../protocol/codes.ts'
import type { Clock } from '../server/kernel.ts'
import type { NodeRequest } from './request.ts'

/**
 * The whole body of a request. Throws `too-large` past `limit` bytes (the rest is read and dropped by Node, so that
 * the answer is not lost in a reset), `timeout` after `waitMs`, `bad-message` when it was cut off.
 */
export function readBody(
  request: NodeRequest,
  limit: number,
  waitMs: number,
  clock: Clock,
): Promise<Uint8Array> {
  if (request.readableEnded) {
    return Promise.reject(new Error('other middleware has read the body: put this route before it'))
  }
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    const stop = (error: EverwireError | undefined) => {
      cancel()
      request.off('data', take).off('end', end).off('close', cut)
      if (error) reject(error)
      else resolve(Buffer.concat(chunks))
    }
    const take = (chunk: Uint8Array) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > limit) stop(tooLarge(bytes, limit))
    }
    const end = () => stop(undefined)
    const cut = () => stop(new EverwireError('bad-message', 'the request ended before its body'))
    const cancel = clock.later(waitMs, () =>
      stop(new EverwireError('timeout', `the body did not come within ${waitMs / 1_000} s: send it again`)),
    )
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > limit) {
      stop(tooLarge(announced, limit))
      return
    }
    // A stream that has failed says so by `close` as well.
    request
      .on('error', () => {})
      .on('data', take)
      .on('end', end)
      .on('close', cut)
  })
}

/** The refusal of a body with so many bytes. */
export function tooLarge(bytes: number, limit: number): EverwireError {
  return new EverwireError(
    'too-large',
    `the body has ${bytes} bytes or more; at most ${limit}: send less at once`,
  )
}
