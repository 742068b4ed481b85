import { EverwireError } from '../protocol/codes.ts'

/** What a log that was closed answers. */
export function logClosed(): EverwireError {
  return new EverwireError('store-unavailable', 'the log is closed: open it again')
}

/** What a log answers to a known key with another payload. */
export function keyReused(channel: string, key: string): EverwireError {
  return new EverwireError(
    'key-reused',
    `the key ${JSON.stringify(key.slice(0, 80))} was used on channel ${JSON.stringify(channel.slice(0, 80))} for another message: make a new key for each message, and repeat a key only to repeat its message`,
  )
}
