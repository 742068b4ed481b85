import { EverwireError } from 'everwire'
import { z } from 'zod'

const name = z.union([z.string(), z.int()]).transform(String).optional()
const where = { room: name, petId: name }
const isoOrMs = z.union([z.iso.datetime({ offset: true }), z.int()])

const words = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['join', 'subscribe']).transform(() => 'join' as const),
    ...where,
    after: z.string().optional(),
  }),
  z.object({ type: z.enum(['leave', 'unsubscribe']).transform(() => 'leave' as const), ...where }),
  z.object({
    type: z.literal('message'),
    ...where,
    text: z.string(),
    /** Makes a message that is sent again after a drop count once. */
    id: z.string().min(1).max(64).optional(),
    timestamp: isoOrMs.transform((given) => new Date(given).toISOString()).optional(),
    user: z.string().optional(),
  }),
  z.object({ type: z.literal('typing'), ...where, user: z.string().optional() }),
])

/** What a bare client of `/v1/chat` may say. */
export type ChatWords = z.output<typeof words>

export function chatWords(message: unknown): ChatWords {
  const parsed = words.safeParse(message)
  if (parsed.success) return parsed.data
  throw new EverwireError(
    'bad-message',
    `that is none of the chat's messages: ${z.prettifyError(parsed.error)}`,
  )
}
