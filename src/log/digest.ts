import { createHash, hash } from 'node:crypto'
import type { NewEntry, Rule } from './log.ts'

type Key = NonNullable<NewEntry['key']>

// 128 bits in base64.
const length = 22

/** Identifies (channel, principal, key): a JSON array, so that no two scopes can run into each other. */
export function keyDigest(channel: string, { principal, key }: Key): string {
  return hash('sha256', JSON.stringify([channel, principal, key]), 'base64').slice(0, length)
}

/** Identifies what a publisher said, as far as a channel with this `keep` stores it. */
export function payloadDigest(entry: NewEntry, keep: Rule['keep']): string {
  const { event, data } = entry
  const bytes = typeof data !== 'string'
  const slot = keep === 'latest' ? [entry.slot ?? '', entry.removed ?? false] : []
  // JSON text holds no line break, so header and data cannot run into each other.
  const header = `${JSON.stringify([event, bytes, ...slot])}\n`
  if (!bytes) return hash('sha256', header + data, 'base64').slice(0, length)
  return createHash('sha256').update(header).update(data).digest('base64').slice(0, length)
}
