import type { SocketRoute } from 'everwire'
import { z } from 'zod'

const petId = z.union([z.string(), z.int()]).transform(String)
const asked = z.union([
  z.object({ type: z.enum(['subscribe', 'unsubscribe']), petId, after: z.string().optional() }),
  z.object({ action: z.enum(['subscribe', 'unsubscribe']), room: petId, after: z.string().optional() }),
])

/**
 * `/v1/ws` speaks this application's own words: `{"type":"subscribe","petId":"123"}` for the status of a pet,
 * `{"action":"subscribe","room":"123"}` for its chat. Everything else is taken as the protocol's own.
 */
export const updatesSocket: SocketRoute = {
  receive(message) {
    const known = asked.safeParse(message)
    // The server's border says what is wrong with it, if anything is.
    if (!known.success) return message as never
    const words = known.data
    const [type, channel] =
      'petId' in words ? [words.type, `pets/${words.petId}`] : [words.action, `chat/${words.room}`]
    return type === 'unsubscribe' ? { type, channel } : { type, channel, after: words.after ?? 'now' }
  },

  send(message) {
    if (message.type === 'ping' || message.type === 'position') return undefined
    if (!('channel' in message) || message.channel === undefined) return message
    const [kind, name = ''] = message.channel.split('/')
    const of = kind === 'pets' ? { petId: name } : { room: name }
    if (message.type !== 'message') return { ...message, ...of }
    // The position goes back as `after`, to resume.
    return { type: message.event, ...of, ...Object(message.data), position: message.id }
  },
}
