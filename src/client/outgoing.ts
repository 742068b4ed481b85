import type { ClientMessage } from '../protocol/messages.ts'
import type { Outgoing } from './transports/transport.ts'

/** Writes a message. */
export function outgoing(
  message: Exclude<ClientMessage, { type: 'auth' | 'ping' }> & { ref?: number },
): Outgoing {
  const { type, ref } = message
  return { type, text: JSON.stringify(message), ...(ref === undefined ? {} : { ref }) }
}
