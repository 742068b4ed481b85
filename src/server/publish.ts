import { EverwireError } from '../protocol/codes.ts'
import { decodePublication } from '../protocol/decode.ts'
import { bodyLimit, readJson } from './body.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'

/** `POST publish` (PROTOCOL.md 8.2): one publication, or an array of them, which is atomic. */
export async function servePublish(kernel: Kernel, exchange: Exchange): Promise<void> {
  const principal = await kernel.guard.identify(exchange)
  const body = await readJson(exchange, bodyLimit(kernel.limits))
  const batch = Array.isArray(body)
  const given: readonly unknown[] = batch ? body : [body]
  if (given.length === 0)
    throw new EverwireError('bad-message', 'an empty batch: send at least one publication')
  if (given.length > kernel.limits.batch) {
    throw new EverwireError(
      'too-many-entries',
      `${given.length} entries in a batch; at most ${kernel.limits.batch}: send several batches`,
    )
  }
  const publications = given.map(decodePublication)
  for (const channel of new Set(publications.map((publication) => publication.channel))) {
    await kernel.guard.allow(principal, 'publish', channel)
  }
  const answers = await kernel.publisher.publish(principal.id, publications, keyOf(exchange))
  answerJson(exchange, 200, batch ? answers : answers[0])
}

function keyOf(exchange: Exchange): string | undefined {
  const key = exchange.headers['idempotency-key']
  if (key === undefined) return undefined
  if (key.length >= 1 && key.length <= 256) return key
  throw new EverwireError('bad-message', '"Idempotency-Key" takes a text of 1 to 256 characters')
}
